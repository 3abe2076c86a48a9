/**
 * How many instructions, or what helpers count as such, pass between two looks at the clock and at the end of the collection: a few
 * milliseconds. No short run ever asks for the time.
 */
const stretch = 2 ** 16;

/** How long a run may go on: its instructions are given out in stretches, and the clock is looked at in between. */
export class Allowance {
  readonly #budget: number;
  readonly #milliseconds: number;
  #instructions = 0;
  /** Undefined before the first look: the time of the first stretch does not count. */
  #deadline: number | undefined;

  constructor(budget: number, milliseconds: number) {
    this.#budget = budget;
    this.#milliseconds = milliseconds;
  }

  /** For a run that begins; gives its first stretch. */
  begin(): number {
    this.#instructions = this.#budget;
    this.#deadline = undefined;
    return this.#take(stretch);
  }

  /** For the first of several runs: each has the whole budget, and all of them have the time of one. */
  beginSeries(): number {
    const first = this.begin();
    this.#deadline = performance.now() + this.#milliseconds;
    return first;
  }

  /** For the next of them. `left` is left of the stretch, which goes on: many short runs look at the clock as one long one does. */
  goOn(left: number): number {
    this.#instructions = this.#budget;
    return this.#take(Math.max(left, 0));
  }

  /** Of the last stretch `left` is left, less than nothing when it was overdrawn. Gives the next one, or why there is none. */
  next(left: number): number | string {
    this.#instructions += left;
    if (this.#instructions < 0) return "took more instructions than its budget allows: is there an endless loop?";
    const now = performance.now();
    this.#deadline ??= now + this.#milliseconds;
    if (now > this.#deadline) return `took longer than the ${this.#milliseconds} ms that a run may take (maxRunMs)`;
    return this.#take(stretch);
  }

  /** What of the budget is left, beyond the last stretch. */
  get instructions(): number {
    return this.#instructions;
  }

  #take(most: number): number {
    const taken = Math.min(this.#instructions, most);
    this.#instructions -= taken;
    return taken;
  }
}
