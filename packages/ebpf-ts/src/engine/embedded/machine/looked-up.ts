/** Twice as many as are remembered, so that a search is short; a power of two. */
const places = 4096;
const most = places / 2;

/**
 * The values that a run has looked up, by their addresses: only these are its own, as the kernel's verifier has it. What has looked up more
 * than can be remembered may touch any. Costs nothing to empty.
 */
export class LookedUp {
  readonly #addresses: Uint32Array = new Uint32Array(places);
  /** By place: in which run it was filled. */
  readonly #runs: Int32Array = new Int32Array(places);
  #run = 1;
  #count = 0;

  /** Forgets all of them. */
  begin(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#run = (this.#run + 1) | 0;
    if (this.#run !== 0) return;
    this.#runs.fill(0);
    this.#run = 1;
  }

  add(address: number): void {
    if (this.#count >= most) return;
    const place = this.#placeOf(address);
    if (this.#runs[place] === this.#run) return;
    this.#runs[place] = this.#run;
    this.#addresses[place] = address;
    this.#count += 1;
  }

  has(address: number): boolean {
    return this.#count >= most || this.#runs[this.#placeOf(address)] === this.#run;
  }

  /** Where it is, or could be. */
  #placeOf(address: number): number {
    let place = Math.imul(address >>> 3, 0x9e37_79b1) >>> 20;
    while (this.#runs[place] === this.#run && this.#addresses[place] !== address) place = (place + 1) % places;
    return place;
  }
}
