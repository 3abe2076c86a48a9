import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import type { LinkInfo } from "../engine/link.ts";
import { pinObject, unpinObject } from "../engine/pinnable.ts";
import type { EngineLink, EngineProgram, ProgramInfo } from "../engine/program.ts";
import type { EngineReading } from "../engine/reading.ts";
import { programTypeName } from "../uapi/type-names.ts";
import { IteratorOutput } from "./iterator-output.ts";

/** What a link asks of the program that it keeps attached. */
export interface LinkedProgram {
  readonly name: string;
  readonly info: ProgramInfo;
  /** The engine's own side of it. */
  readonly handle: EngineProgram;
}

/** One program, attached to one place. When it ends the program is detached, and stays loaded. */
export class Link {
  /** Where it is attached. */
  readonly target: AttachTarget;
  readonly #link: EngineLink;
  readonly #onEnd: (link: Link) => void;
  #program: LinkedProgram;
  #closed: Promise<void> | undefined;

  /** @internal Made by `attach()`. `onEnd` is told once, when it is detached or let go of. */
  constructor(program: LinkedProgram, link: EngineLink, onEnd: (link: Link) => void) {
    this.target = link.target;
    this.#program = program;
    this.#link = link;
    this.#onEnd = onEnd;
  }

  /** The name of the program that is attached. */
  get program(): string {
    return this.#program.name;
  }

  get attached(): boolean {
    return this.#closed === undefined;
  }

  /** Asked anew each time (BPF_OBJ_GET_INFO_BY_FD). */
  get info(): LinkInfo {
    this.#check("look at");
    return this.#link.info;
  }

  /**
   * Puts another program of the same type in the place of this one, at once, so that no event is missed (BPF_LINK_UPDATE, Linux 5.7).
   * The kernel does that with links of cgroups, XDP, TC, network namespaces, iterators and socket maps; NOT_SUPPORTED with
   * those of tracepoints and probes. The embedded engine does it with all of them, for programs of the same collection.
   */
  async update(program: LinkedProgram): Promise<void> {
    if (program?.handle === undefined) throw new TypeError("update() of a link takes a program");
    this.#check("update");
    const { type } = this.#program.info;
    if (program.info.type !== type) {
      throw new TypeError(
        `Cannot update ${this.#title} to program ${program.name}: that is of type ${programTypeName(program.info.type)}, and not ${programTypeName(type)}`,
      );
    }
    await this.#link.update(program.handle);
    this.#program = program;
  }

  /**
   * What the program of an iterator prints (`SEC("iter/…")`, BPF_ITER_CREATE, Linux 5.8): each loop over it runs the program. NOT_SUPPORTED for links of
   * another kind, whose programs run by events.
   */
  read(): IteratorOutput {
    this.#check("read");
    return new IteratorOutput(async () => this.openReading());
  }

  /** @internal The engine's own side of {@link read}. */
  openReading(): EngineReading {
    this.#check("read");
    if (this.target.kind === "iter" && this.#link.read !== undefined) return this.#link.read();
    throw new NotSupportedError("read link", `Cannot read ${this.#title}: it is none of an iterator`);
  }

  /** Keeps the program attached under a path of a bpffs, beyond this process too (BPF_OBJ_PIN; kernel engine, Linux 5.7). */
  pin(path: string): void {
    this.#check("pin");
    pinObject(this.#link, path, this.#title);
  }

  /** Takes the pin away that {@link pin} made. The program stays attached, as long as this link does. */
  unpin(): void {
    this.#check("unpin");
    unpinObject(this.#link, this.#title);
  }

  /** Detaches the program, and takes the pin away that {@link pin} made. Idempotent. */
  async detach(): Promise<void> {
    if (this.attached && this.#link.pinnedAt !== undefined) this.#removePin();
    await this.close();
  }

  /** Lets go of it: the program is detached, unless it is pinned. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#onEnd(this);
    await this.#link.close();
  }

  /** Somebody else may have removed it. */
  #removePin(): void {
    try {
      this.unpin();
    } catch (error) {
      if (!(error instanceof EbpfError) || error.code !== "NOT_FOUND") throw error;
    }
  }

  get #title(): string {
    return `the link of program ${this.program}`;
  }

  #check(action: string): void {
    if (!this.attached) throw new EbpfError("CLOSED", `Cannot ${action} ${this.#title}: it is detached`);
  }
}
