import { roundUp8 } from "../memory/round-up.ts";
import { SharedLock } from "../../../memory/shared-lock.ts";
import { randomSeed } from "./random-seed.ts";
import { UseOrder } from "./use-order.ts";

/*
 * The bookkeeping, in Int32 words. A link to a slot is the slot's number plus one, so that zeroed memory is an empty table.
 *
 *   0 lock   1 free list   2 slots ever used   3 newest   4 oldest   5 seed
 *   8 …   buckets          a power of two, at least maxEntries: first slot of each chain
 *     …   next             a slot's successor in its chain, or in the free list
 *     …   generation       odd while the slot is in use; bumped at each change. With the keys, that is the truth: all the rest
 *                          can be made anew from it, when a thread was ended while it changed something
 *     …   newer, older     the order of use (LRU only)
 *     …   keys             keySize bytes a slot, rounded up to 8
 */
const lockWord = 0;
const freeWord = 1;
const usedWord = 2;
const newestWord = 3;
const seedWord = 5;
const headerWords = 8;

export interface HashTableShape {
  readonly keySize: number;
  readonly maxEntries: number;
  readonly ordered: boolean;
  /** A seed of its own for each table, so that nobody can prepare keys that all fall in one bucket. */
  readonly seeded: boolean;
}

/** As htab_map_alloc does. */
function bucketCount(maxEntries: number): number {
  let buckets = 1;
  while (buckets < maxEntries) {
    buckets *= 2;
  }
  return buckets;
}

/** Even, so that the keys behind the words are 8-byte aligned. */
function wordCount({ maxEntries, ordered }: HashTableShape): number {
  const words = headerWords + bucketCount(maxEntries) + (ordered ? 4 : 2) * maxEntries;
  return words + (words & 1);
}

export function hashTableBytes(shape: HashTableShape): number {
  return 4 * wordCount(shape) + roundUp8(shape.keySize) * shape.maxEntries;
}

/**
 * A hash table of slot numbers in shared memory: chains, keys, free list, and for LRU the order of use. Whatever is called
 * here but {@link generationOf} and {@link isEmptyBucket} stands between {@link lock} and {@link unlock}.
 */
export class HashTable {
  /** Slots in the order of their use; undefined for plain hashes. */
  readonly order: UseOrder | undefined;
  readonly buckets: number;
  /** Entries that were looked at in search of keys, by this thread. */
  steps = 0;
  readonly #lock: SharedLock;
  readonly #shape: HashTableShape;
  readonly #words: Int32Array;
  readonly #keys: Uint8Array;
  readonly #keyStride: number;
  readonly #next: number;
  readonly #generation: number;

  /** `at` is the address of the bookkeeping, zeroed or a table already. */
  constructor(memory: ArrayBufferLike, at: number, shape: HashTableShape, name: string) {
    const words = wordCount(shape);
    this.#shape = shape;
    this.#words = new Int32Array(memory, at, words);
    this.#keyStride = roundUp8(shape.keySize);
    this.#keys = new Uint8Array(memory, at + 4 * words, this.#keyStride * shape.maxEntries);
    this.buckets = bucketCount(shape.maxEntries);
    this.#next = headerWords + this.buckets;
    this.#generation = this.#next + shape.maxEntries;
    this.#lock = new SharedLock(this.#words, lockWord, `map ${name}`);
    this.order = shape.ordered
      ? new UseOrder(this.#words, newestWord, this.#generation + shape.maxEntries, shape.maxEntries)
      : undefined;
    // Whoever opens the table first says it; nobody files a key before.
    if (shape.seeded) Atomics.compareExchange(this.#words, seedWord, 0, randomSeed());
  }

  lock(): void {
    if (this.#lock.acquire()) this.#repair();
  }

  unlock(): void {
    this.#lock.release();
  }

  /** The slot of the key that stands at `at`, or -1. */
  find(bytes: Uint8Array, at = 0): number {
    let slot = this.firstIn(this.#bucketOf(bytes, at));
    while (slot >= 0 && !this.#hasKey(slot, bytes, at)) {
      slot = this.after(slot);
      this.steps += 1;
    }
    return slot;
  }

  /** A slot for a key that is not there: {@link insert} it once it has a value. -1 when the table is full. */
  take(key: Uint8Array): number {
    const slot = this.#take();
    if (slot >= 0) this.#keys.set(key, slot * this.#keyStride);
    return slot;
  }

  insert(slot: number): void {
    this.#link(slot);
    Atomics.add(this.#words, this.#generation + slot, 1);
    this.order?.add(slot);
  }

  remove(slot: number): void {
    let link = headerWords + this.#bucketOf(this.#keyView(slot));
    while (this.#words[link] !== slot + 1) {
      link = this.#next + this.#words[link]! - 1;
      this.steps += 1;
    }
    Atomics.store(this.#words, link, this.#words[this.#next + slot]!);
    this.#free(slot);
    Atomics.add(this.#words, this.#generation + slot, 1);
    this.order?.remove(slot);
  }

  /** Tells whether a slot still holds what it held: odd while in use, and another number after every change. */
  generationOf(slot: number): number {
    return Atomics.load(this.#words, this.#generation + slot);
  }

  isEmptyBucket(bucket: number): boolean {
    return Atomics.load(this.#words, headerWords + bucket) === 0;
  }

  firstIn(bucket: number): number {
    return this.#words[headerWords + bucket]! - 1;
  }

  after(slot: number): number {
    return this.#words[this.#next + slot]! - 1;
  }

  keyOf(slot: number): Uint8Array {
    return this.#keyView(slot).slice();
  }

  /** The slot that comes after a key's in the order of buckets; from the start when the key is not there; -1 at the end. */
  slotAfter(key: Uint8Array | undefined): number {
    const slot = key === undefined ? -1 : this.find(key);
    if (slot < 0 || key === undefined) {
      return this.#firstFrom(0);
    }
    const follower = this.after(slot);
    return follower >= 0 ? follower : this.#firstFrom(this.#bucketOf(key) + 1);
  }

  #firstFrom(bucket: number): number {
    for (let i = bucket; i < this.buckets; i++) {
      const slot = this.firstIn(i);
      if (slot >= 0) {
        return slot;
      }
    }
    return -1;
  }

  #link(slot: number): void {
    const bucket = headerWords + this.#bucketOf(this.#keyView(slot));
    this.#words[this.#next + slot] = this.#words[bucket]!;
    Atomics.store(this.#words, bucket, slot + 1);
  }

  /** A thread was ended in the middle of something: that is undone, unless the generation says that it was done. */
  #repair(): void {
    this.#words.fill(0, headerWords, this.#generation);
    this.#words[freeWord] = 0;
    const used = this.#words[usedWord]!;
    for (let slot = used - 1; slot >= 0; slot--) {
      if (this.#isUsed(slot)) this.#link(slot);
      else this.#free(slot);
    }
    this.order?.repair(used, (slot) => this.#isUsed(slot));
  }

  #free(slot: number): void {
    this.#words[this.#next + slot] = this.#words[freeWord]!;
    this.#words[freeWord] = slot + 1;
  }

  #isUsed(slot: number): boolean {
    return (this.#words[this.#generation + slot]! & 1) === 1;
  }

  #take(): number {
    const free = this.#words[freeWord]! - 1;
    if (free >= 0) {
      this.#words[freeWord] = this.#words[this.#next + free]!;
      return free;
    }
    const unused = this.#words[usedWord]!;
    if (unused === this.#shape.maxEntries) {
      return -1;
    }
    this.#words[usedWord] = unused + 1;
    return unused;
  }

  #keyView(slot: number): Uint8Array {
    const start = slot * this.#keyStride;
    return this.#keys.subarray(start, start + this.#shape.keySize);
  }

  #hasKey(slot: number, bytes: Uint8Array, at: number): boolean {
    const start = slot * this.#keyStride;
    const size = this.#shape.keySize;
    for (let i = 0; i < size; i++) {
      if (this.#keys[start + i] !== bytes[at + i]) {
        return false;
      }
    }
    return true;
  }

  /** FNV-1a from the seed on, and the last mixing of MurmurHash3, since only the low bits are used. */
  #bucketOf(bytes: Uint8Array, at = 0): number {
    let hash = 0x811c_9dc5 ^ this.#words[seedWord]!;
    const end = at + this.#shape.keySize;
    for (let i = at; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) & (this.buckets - 1);
  }
}
