/**
 * Order among plain loads of memory that somebody else writes.
 *
 * `Atomics.load` would bring its own, but some compilers make it an instruction that also writes (JavaScriptCore's is `lock xadd`):
 * on a page that is mapped read-only it ends the process. So memory that may be mapped so is read by plain loads, of at most 8 aligned
 * bytes, which come in one piece on the 64-bit hosts there are; and what they have to be in order with is an atomic access to a word
 * of our own. No compiler moves a load of shared memory across it, or takes two loads on both sides of it for one.
 *
 * On x86-64 that is all it takes: the processor itself keeps loads in order, and keeps a load behind the `xchg` that `Atomics.store`
 * is. arm64 does not: there {@link enter} is the load-acquire that keeps what follows behind earlier sequentially consistent stores, and
 * {@link pass} the store-release and load-acquire that loads before and after it cannot pass.
 */
export class ReadFence {
  readonly #cell: Int32Array = new Int32Array(1);

  /** The u64 in element 0: a load that comes after the atomic stores before it, and before the loads after it. */
  load(position: BigUint64Array): bigint {
    this.enter();
    const value = position[0]!;
    this.pass();
    return value;
  }

  /** Loads after it come after the atomic stores before it, and read memory anew. */
  enter(): void {
    Atomics.load(this.#cell, 0);
  }

  /**
   * Loads before it stay before it, and loads after it after. Instead of it each header of a ring could be loaded atomically, were it
   * not for read-only pages; but that costs more than all else (10 ns a record).
   */
  pass(): void {
    Atomics.store(this.#cell, 0, 0);
    Atomics.load(this.#cell, 0);
  }
}
