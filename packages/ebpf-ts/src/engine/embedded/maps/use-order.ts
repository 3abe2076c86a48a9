/**
 * The order in which slots were used, newest to oldest: a doubly linked list in shared words, under the table's lock.
 * Links are slot numbers plus one; 0 is none.
 */
export class UseOrder {
  readonly #words: Int32Array;
  readonly #newest: number;
  readonly #oldest: number;
  readonly #newer: number;
  readonly #older: number;

  /** `head` is the word of the newest, followed by that of the oldest; at `links` are `slots` words twice. */
  constructor(words: Int32Array, head: number, links: number, slots: number) {
    this.#words = words;
    this.#newest = head;
    this.#oldest = head + 1;
    this.#newer = links;
    this.#older = links + slots;
  }

  /** The slot that was not used for the longest time, or -1. */
  get oldest(): number {
    return this.#words[this.#oldest]! - 1;
  }

  add(slot: number): void {
    const former = this.#words[this.#newest]!;
    this.#words[this.#older + slot] = former;
    this.#words[this.#newer + slot] = 0;
    this.#words[former === 0 ? this.#oldest : this.#newer + former - 1] = slot + 1;
    this.#words[this.#newest] = slot + 1;
  }

  remove(slot: number): void {
    const newer = this.#words[this.#newer + slot]!;
    const older = this.#words[this.#older + slot]!;
    this.#words[newer === 0 ? this.#newest : this.#older + newer - 1] = older;
    this.#words[older === 0 ? this.#oldest : this.#newer + older - 1] = newer;
  }

  /** Makes it anew of the `slots` that are used: those that are still found in it from the newest on in their order, the others as older ones. */
  repair(slots: number, isUsed: (slot: number) => boolean): void {
    const found = new Set<number>();
    let slot = this.#words[this.#newest]! - 1;
    for (; slot >= 0 && !found.has(slot); slot = this.#words[this.#older + slot]! - 1) found.add(slot);
    for (let other = 0; other < slots; other++) found.add(other);
    this.#words[this.#newest] = 0;
    this.#words[this.#oldest] = 0;
    for (const each of [...found].reverse()) if (isUsed(each)) this.add(each);
  }

  touch(slot: number): void {
    if (this.#words[this.#newest] !== slot + 1) {
      this.remove(slot);
      this.add(slot);
    }
  }
}
