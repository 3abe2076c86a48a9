import { KeylessValues, noKey } from "./keyless-values.ts";

/** Tells of values that they were never added (BPF_MAP_TYPE_BLOOM_FILTER, Linux 5.16). */
export class BloomFilter<V = unknown> extends KeylessValues<V> {
  /** Nothing that was added can be taken out. */
  add(value: V): void {
    this.map.update(noKey, this.encode(value), 0);
  }

  /** False for sure; true may be wrong, the more often the more values there are. */
  mayHave(value: V): boolean {
    return this.map.contains!(this.encode(value));
  }
}
