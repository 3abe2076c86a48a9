import type { AttachedProgram } from "./event-source.ts";

interface Entry {
  program: number;
}

/** The programs that are attached at the points of a source, in the order in which they came: for sources that fire in this thread. */
export class AttachedPrograms<Point> {
  readonly #entries = new Map<Point, Set<Entry>>();
  /** The same, as they are asked for at each event. */
  readonly #programs = new Map<Point, readonly number[]>();

  /** One more place for the program at that point: it runs once an event for each. */
  attach(point: Point, program: number): AttachedProgram {
    const entries = this.#entries.get(point) ?? new Set<Entry>();
    this.#entries.set(point, entries);
    const entry: Entry = { program };
    entries.add(entry);
    const update = (): void =>
      void this.#programs.set(
        point,
        Array.from(entries, (each) => each.program),
      );
    update();
    return {
      replace: (other) => {
        entry.program = other;
        update();
      },
      detach: () => {
        if (entries.delete(entry)) update();
      },
    };
  }

  /** Does not change any more: what runs may attach and detach. */
  at(point: Point): readonly number[] {
    return this.#programs.get(point) ?? none;
  }
}

const none: readonly number[] = [];
