import type { AttachedProgram } from "./event-source.ts";

interface Entry {
  program: number;
}

/** The programs that are attached at the points of a source, in the order in which they came: for sources that fire in this thread. */
export class AttachedPrograms<Point> {
  readonly #entries = new Map<Point, Set<Entry>>();

  attach(point: Point, program: number): AttachedProgram {
    const entries = this.#entries.get(point) ?? new Set<Entry>();
    this.#entries.set(point, entries);
    const entry: Entry = { program };
    entries.add(entry);
    return {
      replace: (other) => void (entry.program = other),
      detach: () => void entries.delete(entry),
    };
  }

  /** A copy: what runs may attach and detach. */
  at(point: Point): readonly number[] {
    return Array.from(this.#entries.get(point) ?? none, ({ program }) => program);
  }
}

const none: readonly Entry[] = [];
