import { MapFlag, MapType, UpdateFlag } from "../../../../uapi/uapi.gen.ts";
import { Errno } from "../../../../uapi/errno.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap } from "../../machine/machine-map.ts";
import { refuse, type MapImplementation, type MapImplementations } from "../../machine/map-implementation.ts";
import { KeylessMap } from "../../rings/keyless-map.ts";
import { jhash } from "../jhash.ts";
import { checkValueSize } from "../map-checks.ts";
import { randomSeed } from "../random-seed.ts";

/** The low bits of map_extra. */
const mostHashes = 15;
const usualHashes = 5;
/** What a hash of so many bytes counts as one instruction, about: one round of its mixing. */
const bytesPerStep = 12;
/** The seed, and a word of nothing; the bits follow. */
const headerWords = 2;
const seedWord = 0;

function hashesOf(extra: number): number {
  return extra === 0 ? usualHashes : extra;
}

/**
 * As bloom_map_alloc has it: entries * hashes / ln 2 bits, with 7 / 5 in place of 1 / ln 2 and in numbers of 32 bits, rounded up to a power of
 * two. What goes beyond 2^31 is 2^32.
 */
function bitsOf(maxEntries: number, hashes: number): number {
  const product = maxEntries * hashes;
  const bits = Math.floor(product / 5) * 7;
  if (product >= 2 ** 32 || bits > 2 ** 31) return 2 ** 32;
  return bits <= 64 ? 64 : 2 ** (32 - Math.clz32(bits - 1));
}

/**
 * BPF_MAP_TYPE_BLOOM_FILTER; kernel/bpf/bloom_filter.c is the model, down to the hash: with BPF_F_ZERO_SEED both say the same of every value.
 * Bits are only ever set, so that there is no lock.
 */
export class BloomFilterMap extends KeylessMap implements MachineMap {
  readonly #words: Int32Array;
  readonly #hashes: number;
  readonly #mask: number;
  #steps = 0;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    super(image, "a Bloom filter has no keys", Errno.EOPNOTSUPP);
    this.#hashes = hashesOf(image.extra);
    const bits = bitsOf(image.maxEntries, this.#hashes);
    this.#mask = bits - 1;
    this.#words = new Int32Array(memory, image.state, headerWords + bits / 32);
    // Whoever opens it first says it; nobody pushes before.
    if ((image.flags & MapFlag.ZERO_SEED) === 0) Atomics.compareExchange(this.#words, seedWord, 0, randomSeed());
  }

  push(value: Uint8Array, flags: number): number {
    if (flags !== UpdateFlag.ANY) return -Errno.EINVAL;
    for (let number = 0; number < this.#hashes; number++) {
      const bit = this.#bitOf(value, number);
      Atomics.or(this.#words, headerWords + (bit >>> 5), 1 << (bit & 31));
    }
    return 0;
  }

  contains(value: Uint8Array): boolean {
    for (let number = 0; number < this.#hashes; number++) {
      const bit = this.#bitOf(value, number);
      if ((Atomics.load(this.#words, headerWords + (bit >>> 5)) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  takeSteps(): number {
    const steps = this.#steps;
    this.#steps = 0;
    return steps;
  }

  /** A program pushes with another helper. */
  override update(): number {
    return -Errno.EINVAL;
  }

  override write(key: Uint8Array, value: Uint8Array, flags: number): number {
    const fits = key.length === 0 && value.length === this.image.valueSize;
    return fits ? this.push(value, flags) : -Errno.EINVAL;
  }

  #bitOf(value: Uint8Array, number: number): number {
    this.#steps += Math.ceil(value.length / bytesPerStep);
    return (jhash(value, this.#words[seedWord]! + number) & this.#mask) >>> 0;
  }
}

const bloomFilter: MapImplementation = {
  flags: MapFlag.NUMA_NODE | MapFlag.ZERO_SEED | MapFlag.RDONLY_PROG,
  extra: BigInt(mostHashes),
  shape(spec) {
    if (spec.keySize !== 0 || spec.valueSize === 0 || spec.maxEntries === 0)
      throw refuse(spec, "a Bloom filter has no key, a value, and at least one entry");
    checkValueSize(spec);
    const bits = bitsOf(spec.maxEntries, hashesOf(Number(spec.mapExtra)));
    return {
      maxEntries: spec.maxEntries,
      valueBytes: 0,
      access: "machine",
      stateBytes: 4 * headerWords + bits / 8,
    };
  },
  open: (image, memory) => new BloomFilterMap(image, memory),
};

export const implementations: MapImplementations = [[MapType.BLOOM_FILTER, bloomFilter]];
