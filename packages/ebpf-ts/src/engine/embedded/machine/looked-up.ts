/** Twice as many as are remembered, so that a search is short; a power of two. */
const places = 8192;
const placeBits = Math.log2(places);
/** Five times as many as the registers and the stack of a run can point at, and those beside them. */
export const mostLookedUp: number = places / 2;

/** The addresses of values that a run has looked up. Costs nothing to empty. */
export class LookedUp {
  readonly #addresses: Uint32Array = new Uint32Array(places);
  /** By place: in which round it was filled. */
  readonly #rounds: Int32Array = new Int32Array(places);
  #round = 1;
  #count = 0;

  /** Forgets all of them. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#round = (this.#round + 1) | 0;
    if (this.#round !== 0) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  /** False when there is no room: {@link keep} makes some. */
  add(address: number): boolean {
    const place = this.#placeOf(address);
    if (this.#rounds[place] === this.#round) return true;
    if (this.#count === mostLookedUp) return false;
    this.#rounds[place] = this.#round;
    this.#addresses[place] = address;
    this.#count += 1;
    return true;
  }

  has(address: number): boolean {
    return this.#rounds[this.#placeOf(address)] === this.#round;
  }

  /** Forgets all but some. */
  keep(isKept: (address: number) => boolean): void {
    const kept = this.#addresses.filter((address, place) => this.#rounds[place] === this.#round && isKept(address));
    this.clear();
    for (const address of kept) this.add(address);
  }

  /** Where it is, or could be. */
  #placeOf(address: number): number {
    let place = Math.imul(address >>> 3, 0x9e37_79b1) >>> (32 - placeBits);
    while (this.#rounds[place] === this.#round && this.#addresses[place] !== address) place = (place + 1) % places;
    return place;
  }
}
