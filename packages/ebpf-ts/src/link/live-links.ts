import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import type { EngineLink } from "../engine/program.ts";
import { Link } from "./link.ts";
import { isOps, type Linked, titleOf } from "./linked.ts";

/** The links of a collection that are attached, however that came about. */
export class LiveLinks {
  readonly #links = new Set<Link>();
  #closed = false;
  #hadAny = false;

  /** Whether anything was ever attached. */
  get hadAny(): boolean {
    return this.#hadAny;
  }

  /** In the order in which they were attached. */
  get all(): readonly Link[] {
    return [...this.#links];
  }

  async attach(linked: Linked, target?: AttachTarget): Promise<Link> {
    this.check(linked, "attach");
    const attached = await attachedTo(linked, target);
    const link = new Link(linked, attached, (ended) => this.#links.delete(ended));
    if (this.#closed) await link.close();
    this.check(linked, "attach");
    this.#links.add(link);
    this.#hadAny = true;
    return link;
  }

  /** Detaches all that are not pinned. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = await Promise.allSettled(this.all.map((link) => link.close()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** Throws when the collection is closed; `action` follows "Cannot". */
  check(linked: Linked, action: string): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot ${action} ${titleOf(linked)}: its collection is closed`);
  }
}

function attachedTo(linked: Linked, target: AttachTarget | undefined): Promise<EngineLink> {
  if (!isOps(linked)) return linked.handle.attach(target);
  if (linked.handle.attach !== undefined) return linked.handle.attach();
  const message = `Cannot attach ${titleOf(linked)}: only the kernel engine has operations of the kernel (struct_ops)`;
  throw new NotSupportedError("struct_ops", message);
}
