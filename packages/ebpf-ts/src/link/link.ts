import type { EngineLink } from "../engine/link.ts";

/** One program, attached to one place. Closing detaches it; the program stays loaded. */
export class Link {
  /** The program's name. */
  readonly program: string;
  readonly #link: EngineLink;
  #detached: Promise<void> | undefined;

  constructor(program: string, link: EngineLink) {
    this.program = program;
    this.#link = link;
  }

  get attached(): boolean {
    return this.#detached === undefined;
  }

  /** Idempotent. */
  detach(): Promise<void> {
    this.#detached ??= this.#link.detach();
    return this.#detached;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.detach();
  }
}
