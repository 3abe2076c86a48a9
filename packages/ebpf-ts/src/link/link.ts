import type { LinkTarget } from "../attach/link-target.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import type { LinkInfo } from "../engine/link.ts";
import { pinObject, unpinObject } from "../engine/pinnable.ts";
import type { EngineLink } from "../engine/program.ts";
import type { EngineReading } from "../engine/reading.ts";
import { IteratorOutput } from "./iterator-output.ts";
import { checkLinked, isOps, type Linked, titleOf, typeOf } from "./linked.ts";

export type { Linked, LinkedOps, LinkedProgram } from "./linked.ts";

/** One program, attached to one place, or operations of the kernel. When it ends they are detached, and stay loaded. */
export class Link {
  /** Where it is attached. */
  readonly target: LinkTarget;
  readonly #link: EngineLink;
  readonly #onEnd: (link: Link) => void;
  #linked: Linked;
  #closed: Promise<void> | undefined;

  /** @internal Made by `attach()`. `onEnd` is told once, when it is detached or let go of. */
  constructor(linked: Linked, link: EngineLink, onEnd: (link: Link) => void) {
    this.target = link.target;
    this.#linked = linked;
    this.#link = link;
    this.#onEnd = onEnd;
  }

  /** The name of the program that is attached. Undefined where operations of the kernel (struct_ops) are, as `info.programId` is 0: see {@link map}. */
  get program(): string | undefined {
    return isOps(this.#linked) ? undefined : this.#linked.name;
  }

  /** The name of the map whose operations of the kernel (struct_ops) are registered; its id stands in `info.details`. Undefined where a program is attached. */
  get map(): string | undefined {
    return isOps(this.#linked) ? this.#linked.name : undefined;
  }

  /** False from the call that detaches it on; true again where that fails. */
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
   * those of tracepoints and probes. The embedded engine does it with all of them, for programs of the same collection. Of operations of the kernel
   * (`SEC(".struct_ops.link")`, Linux 6.4) it takes others of the same struct, as a whole.
   */
  async update(next: Linked): Promise<void> {
    checkLinked(next);
    this.#check("update");
    const [own, other] = [typeOf(this.#linked), typeOf(next)];
    if (own !== other)
      throw new TypeError(`Cannot update ${this.#title} to ${titleOf(next)}: that is of type ${other}, and not ${own}`);
    await this.#link.update(next.handle);
    this.#linked = next;
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

  /** Lets go of it: the program is detached, unless it is pinned. Idempotent; what fails leaves it attached, and can be tried again. */
  close(): Promise<void> {
    this.#closed ??= this.#close().catch((error: unknown) => {
      this.#closed = undefined;
      throw error;
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#link.close();
    this.#onEnd(this);
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
    return `the link of ${titleOf(this.#linked)}`;
  }

  #check(action: string): void {
    if (!this.attached) throw new EbpfError("CLOSED", `Cannot ${action} ${this.#title}: it is detached`);
  }
}
