/**
 * How many instructions, or what helpers count as such, pass between two looks at the clock and at the end of the collection: a few
 * milliseconds. No short run ever asks for the time.
 */
const stretch = 2 ** 16;

/** How long a run may go on: its instructions are given out in stretches, and the clock is looked at in between. */
export class Allowance {
  #instructions = 0;
  #milliseconds = 0;
  /** Undefined before the first look: the time of the first stretch does not count. */
  #deadline: number | undefined;

  /** For a run that begins; gives its first stretch. */
  begin(instructions: number, milliseconds: number): number {
    this.#instructions = instructions;
    this.#milliseconds = milliseconds;
    this.#deadline = undefined;
    return this.#take();
  }

  /** Of the last stretch `left` is left, less than nothing when it was overdrawn. Gives the next one, or why there is none. */
  next(left: number): number | string {
    this.#instructions += left;
    if (this.#instructions < 0) return "took more instructions than its budget allows: is there an endless loop?";
    const now = performance.now();
    this.#deadline ??= now + this.#milliseconds;
    if (now > this.#deadline) return `took longer than the ${this.#milliseconds} ms that a run may take (maxRunMs)`;
    return this.#take();
  }

  /** What of the budget is left, beyond the last stretch. */
  get instructions(): number {
    return this.#instructions;
  }

  #take(): number {
    const taken = Math.min(this.#instructions, stretch);
    this.#instructions -= taken;
    return taken;
  }
}
