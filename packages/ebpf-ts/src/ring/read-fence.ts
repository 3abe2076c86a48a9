/**
 * Loads before it stay before it, and loads after it after: a store followed by a load, both sequentially consistent. Plain loads
 * follow no order by themselves. Instead of it each header could be loaded atomically, but that costs more than all else (10 ns a record).
 */
export class ReadFence {
  readonly #cell: Int32Array = new Int32Array(1);

  pass(): void {
    Atomics.store(this.#cell, 0, 0);
    Atomics.load(this.#cell, 0);
  }
}
