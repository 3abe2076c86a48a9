import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import { EbpfError } from "../base/errors.ts";
import { Link, type LinkedProgram } from "./link.ts";

/** The links of a collection that are attached, however that came about. */
export class LiveLinks {
  readonly #links = new Set<Link>();
  #closed = false;

  /** In the order in which they were attached. */
  get all(): readonly Link[] {
    return [...this.#links];
  }

  async attach(program: LinkedProgram, target: AttachTarget | undefined): Promise<Link> {
    this.check(program, "attach");
    const attached = await program.handle.attach(target);
    const link = new Link(program, attached, (ended) => this.#links.delete(ended));
    if (this.#closed) await link.close();
    this.check(program, "attach");
    this.#links.add(link);
    return link;
  }

  /** Detaches all that are not pinned. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.all.map((link) => link.close()));
  }

  /** Throws when the collection is closed; `action` follows "Cannot". */
  check({ name }: LinkedProgram, action: string): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot ${action} program ${name}: its collection is closed`);
  }
}
