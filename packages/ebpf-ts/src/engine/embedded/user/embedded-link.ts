import { attachKinds } from "../../../attach/attach-kinds.gen.ts";
import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { writeTarget } from "../../../attach/target-of.ts";
import type { LinkInfo } from "../../link.ts";
import type { EngineLink, EngineProgram, ProgramInfo } from "../../program.ts";
import type { AttachedProgram } from "../sources/event-source.ts";

export interface EmbeddedLinkOptions {
  readonly target: AttachTarget;
  readonly attached: AttachedProgram;
  readonly program: ProgramInfo;
  /** Throws when it is none of this collection. */
  readonly indexOf: (program: EngineProgram) => number;
}

/** A program at the sources that have its place. */
export class EmbeddedLink implements EngineLink {
  readonly target: AttachTarget;
  readonly #options: EmbeddedLinkOptions;
  readonly #onEnd: () => void;
  #program: ProgramInfo;

  constructor(options: EmbeddedLinkOptions, onEnd: () => void) {
    this.target = options.target;
    this.#options = options;
    this.#program = options.program;
    this.#onEnd = onEnd;
  }

  get info(): LinkInfo {
    return { id: 0, type: attachKinds[this.target.kind].linkType, programId: this.#program.id, details: {} };
  }

  keeps(program: ProgramInfo, target: AttachTarget): boolean {
    return (
      program === this.#program && target.kind === this.target.kind && writeTarget(target) === writeTarget(this.target)
    );
  }

  async update(program: EngineProgram): Promise<void> {
    this.#options.attached.replace(this.#options.indexOf(program));
    this.#program = program.info;
  }

  async close(): Promise<void> {
    this.end();
  }

  end(): void {
    this.#onEnd();
    this.#options.attached.detach();
  }
}
