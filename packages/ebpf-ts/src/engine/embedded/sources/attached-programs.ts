/** The programs that are attached at the points of a source, in the order in which they came: for sources that fire in this thread. */
export class AttachedPrograms<Point> {
  readonly #links = new Map<Point, Map<number, number>>();

  /** Gives what detaches it again, once. */
  attach(point: Point, program: number): () => void {
    const links = this.#links.get(point) ?? new Map<number, number>();
    this.#links.set(point, links);
    links.set(program, (links.get(program) ?? 0) + 1);
    let attached = true;
    return () => {
      if (attached) this.#detach(point, links, program);
      attached = false;
    };
  }

  /** A copy: what runs may attach and detach. */
  at(point: Point): readonly number[] {
    const links = this.#links.get(point);
    return links === undefined ? none : [...links.keys()];
  }

  #detach(point: Point, links: Map<number, number>, program: number): void {
    const left = links.get(program)! - 1;
    if (left > 0) links.set(program, left);
    else links.delete(program);
    if (links.size === 0) this.#links.delete(point);
  }
}

const none: readonly number[] = [];
