/** For so long at least, and twice as long at most, the most that came is remembered, in milliseconds. */
const rememberedMs = 5000;

/** The most of a ring that came in a millisecond lately, as a share of it: what a nap has to leave room for. */
export class Peak {
  #since = -Infinity;
  #before = 0;
  #most = 0;

  add(share: number, now: number): void {
    if (now - this.#since >= rememberedMs) {
      this.#before = now - this.#since < 2 * rememberedMs ? this.#most : 0;
      this.#most = 0;
      this.#since = now;
    }
    this.#most = Math.max(this.#most, share);
  }

  get most(): number {
    return Math.max(this.#before, this.#most);
  }
}
