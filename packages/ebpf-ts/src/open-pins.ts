import type { LinkTarget } from "./attach/link-target.ts";
import { aPath } from "./base/checks.ts";
import { EbpfError } from "./base/errors.ts";
import type { LinkInfo } from "./engine/link.ts";
import type * as Reopen from "./engine/kernel/reopen-pins.ts";
import { importHost } from "./host/import-host.ts";
import { IteratorOutput } from "./link/iterator-output.ts";
import { checkLinked, type Linked } from "./link/linked.ts";
import { LiveLinks } from "./link/live-links.ts";
import { Program } from "./program/program.ts";

/** A program that somebody has pinned, opened by itself: it has links of its own, which end with it. */
export class PinnedProgram extends Program {
  readonly #links: LiveLinks;
  readonly #program: Reopen.ReopenedProgram["program"];

  /** @internal Made by {@link openPinnedProgram}. */
  constructor({ spec, program }: Reopen.ReopenedProgram, links: LiveLinks = new LiveLinks()) {
    super(spec, program, links);
    this.#program = program;
    this.#links = links;
  }

  /** Detaches what was attached by it and is not pinned, and lets go of the program. Idempotent. */
  async close(): Promise<void> {
    await this.#links.close();
    await this.#program.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A link that somebody has pinned: it keeps its program attached as long as it is pinned, or open. */
export class PinnedLink {
  readonly path: string;
  readonly #link: Reopen.ReopenedLink;
  #open = true;

  /** @internal Made by {@link openPinnedLink}. */
  constructor(path: string, link: Reopen.ReopenedLink) {
    this.path = path;
    this.#link = link;
  }

  /** Asked anew each time (BPF_OBJ_GET_INFO_BY_FD). */
  get info(): LinkInfo {
    this.#check("look at");
    return this.#link.info;
  }

  /**
   * Where its program is attached, as `attach()` takes it, as far as the kernel tells (Linux 6.6; of probes not for which process). Undefined
   * where it does not: whether a raw tracepoint has types takes CAP_SYS_ADMIN, the category of a tracepoint a mounted tracefs. Of operations of the
   * kernel (struct_ops) it is the name of their struct, which takes CAP_SYS_ADMIN when the link is opened; undefined once they are detached.
   */
  get target(): LinkTarget | undefined {
    this.#check("look at");
    return this.#link.target;
  }

  /**
   * Puts another program in the place of its own, at once, so that no event is missed (BPF_LINK_UPDATE). The kernel does that with links of
   * cgroups, XDP, TC, network namespaces, iterators and socket maps; NOT_SUPPORTED with those of tracepoints and probes. A link of operations of the
   * kernel (struct_ops) takes others of the same struct.
   */
  async update(next: Linked): Promise<void> {
    checkLinked(next);
    this.#check("update");
    this.#link.update(next.handle);
  }

  /** What the program of an iterator prints: each loop over it runs the program. NOT_SUPPORTED for links of another kind. */
  read(): IteratorOutput {
    return new IteratorOutput(async () => {
      this.#check("read");
      return this.#link.read();
    });
  }

  /** Takes the pin away. The program stays attached, as long as this link is open. Throws NOT_FOUND where the pin is gone. */
  unpin(): void {
    this.#check("unpin");
    this.#link.unpin();
  }

  /** {@link unpin}, unless that was done, and lets go: the program is detached, unless somebody else holds the link. */
  detach(): void {
    this.#check("detach");
    if (this.#link.pinnedAt !== undefined) this.#link.unpin();
    this.close();
  }

  /** Lets go of it; what is pinned stays attached. Idempotent. */
  close(): void {
    if (this.#open) this.#link.close();
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(action: string): void {
    if (!this.#open) throw new EbpfError("CLOSED", `Cannot ${action} the link of ${this.path}: it is closed`);
  }
}

/** Opens the program that is pinned at a path of a bpf file system (kernel engine). It is attached where one says: its section is not kept. */
export async function openPinnedProgram(path: string): Promise<PinnedProgram> {
  aPath(path, "The path of openPinnedProgram()");
  const { reopenProgram } = await importReopen();
  return new PinnedProgram(reopenProgram(path));
}

/** Opens the link that is pinned at a path of a bpf file system (kernel engine, Linux 5.7). */
export async function openPinnedLink(path: string): Promise<PinnedLink> {
  aPath(path, "The path of openPinnedLink()");
  const { reopenLink } = await importReopen();
  return new PinnedLink(path, await reopenLink(path));
}

function importReopen(): Promise<typeof Reopen> {
  return importHost("what is pinned in the kernel", () => import("./engine/kernel/reopen-pins.ts"));
}
