import type { EngineMap, MapInfo } from "../engine/map.ts";
import { pinObject, unpinObject } from "../engine/pinnable.ts";
import { anArray, anIterable, oneOf } from "../base/checks.ts";
import { EbpfError, NotSupportedError, numberOf } from "../base/errors.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { ArrayMemory } from "../memory/array-memory.ts";
import type { Shape } from "../memory/shape.ts";
import { CpuValues } from "./entries/cpu-values.ts";
import { EntryErrors } from "./entries/entry-errors.ts";
import { isSum, type ReadOptions, type SumOptions } from "./entries/read-options.ts";
import { openMemory } from "./entries/open-memory.ts";
import { MapKeys } from "./entries/map-keys.ts";
import { deleteMany, rawEntries, rawKeys, type RawEntry, writeMany } from "./entries/map-walk.ts";
import { setSlot } from "./entries/map-slots.ts";
import { UpdateFlag } from "../uapi/uapi.gen.ts";
import type { ValueCodec } from "./value-codec.ts";

/** When an update may happen. Kernel: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export type UpdateMode = "any" | "create" | "replace";

const updateFlags: Record<UpdateMode, number> = {
  any: UpdateFlag.ANY,
  create: UpdateFlag.NOEXIST,
  replace: UpdateFlag.EXIST,
};

const aMode = oneOf("any", "create", "replace");

export interface BpfMapParts {
  readonly map: EngineMap;
  readonly key: ValueCodec;
  readonly value: ValueCodec;
  /** Of the values in memory, for maps that have them there. */
  readonly shape: () => Shape;
  readonly onClose?: (() => void) | undefined;
}

/**
 * A map of keys and values, typed by the object's BTF: a plain integer type is a number (64 bits: a bigint), a struct is an
 * object, a type that the object does not tell is a `Uint8Array`.
 *
 * `Read` is what reading gives. It is `V`, but of a per-CPU map (`bpf.map<number, bigint, bigint[]>("hits")`) an array of every possible CPU's
 * value, or with `{ sum: true }` their sum; and of a map of programs or maps, which are written as those, their ids. `In` is what may be
 * written: `V`, or {@link Given} of it.
 */
export class BpfMap<K = unknown, V = unknown, Read = V, In = V> {
  readonly #engineMap: EngineMap;
  readonly #errors: EntryErrors;
  readonly #key: MapKeys;
  readonly #values: CpuValues;
  readonly #shape: () => Shape;
  readonly #onClose: (() => void) | undefined;
  /** Of all views of its memory. */
  readonly #lifetime: { open: boolean; sealed: boolean } = { open: true, sealed: false };
  #memory: ArrayMemory<V> | undefined;

  /** @internal Made by the collection. */
  constructor({ map, key, value, shape, onClose }: BpfMapParts) {
    this.#engineMap = map;
    this.#errors = new EntryErrors(map.info.name);
    this.#key = new MapKeys(map.info, key);
    this.#values = new CpuValues(map.info, value, map.cpus);
    this.#shape = shape;
    this.#onClose = onClose;
  }

  get name(): string {
    return this.#engineMap.info.name;
  }

  get info(): MapInfo {
    return this.#engineMap.info;
  }

  /**
   * How many entries there are: of arrays of values, whose keys are all there, as many as they have room for; of others they are counted,
   * which takes as long as a walk over them.
   */
  get size(): number {
    const map = this.#map;
    if (this.#isFull) return map.info.maxEntries;
    let count = 0;
    for (const key of map.lookupBatch ? rawEntries(() => map) : rawKeys(() => map)) count += Number(key.length > 0);
    return count;
  }

  /** The value, or undefined when there is no such key. Of a per-CPU map: see {@link BpfMap}. */
  get(key: K, options: SumOptions): V | undefined;
  get(key: K, options?: ReadOptions): Read | undefined;
  get(key: K, options?: ReadOptions): Read | V | undefined {
    const sum = isSum(options, "get()");
    return this.#decode(this.#map.lookup(this.#encodeKey(key)), sum);
  }

  /** The values of many keys, in their order; undefined where there is none. The kernel looks keys up one by one. */
  getMany(keys: Iterable<K>, options: SumOptions): (V | undefined)[];
  getMany(keys: Iterable<K>, options?: ReadOptions): (Read | undefined)[];
  getMany(keys: Iterable<K>, options?: ReadOptions): (Read | V | undefined)[] {
    const sum = isSum(options, "getMany()");
    anIterable(keys, "The keys of getMany()");
    return Array.from(keys, (key, index) => {
      const map = this.#map;
      const bytes = this.#encodeKey(key, index);
      try {
        return this.#decode(map.lookup(bytes), sum);
      } catch (error) {
        return this.#errors.refused(error, "get", key, index);
      }
    });
  }

  /** Every possible CPU's value, in order. Other maps give one. */
  getPerCpu(key: K): V[] | undefined {
    const bytes = this.#map.lookup(this.#encodeKey(key));
    return bytes && (this.#values.split(bytes) as V[]);
  }

  /**
   * Sets the value; of a per-CPU map: the same for every CPU. Into an array of programs goes a `Program`, into a map of maps a map.
   * Throws {@link ValueError} for a key or value that does not fit.
   */
  set(key: K, value: In, mode: UpdateMode = "any"): void {
    const flags = modeFlag(mode);
    this.#put(key, this.#encodeKey(key), value, flags);
  }

  /**
   * Sets many entries, as {@link set} does, in few system calls where the kernel can (BPF_MAP_UPDATE_BATCH, Linux 5.6; with the mode `any`).
   * All keys, and the values that are no programs or maps, are checked before the first is written. When the map refuses one, those before it are
   * set, and the error says which it was, by key and number, and how many were set.
   */
  setMany(entries: Iterable<readonly [K, In]>, mode: UpdateMode = "any"): void {
    anIterable(entries, "The entries of setMany()");
    const flags = modeFlag(mode);
    const map = this.#map;
    const list = Array.from(entries, (entry, index) => {
      anArray(entry, `The entry of setMany()${numberOf(index)}`);
      return entry;
    });
    if (map.setProgram || map.setMap) return this.#putMany(list, flags);
    const raw = list.map(([key, value], index): RawEntry => [
      this.#encodeKey(key, index),
      this.#encodeValue(key, value, index),
    ]);
    writeMany(map, raw, flags, (index, error) =>
      this.#errors.refused(error, "set", list[index]![0], index, { count: index, what: "set" }),
    );
  }

  /** One value for every possible CPU, in order. */
  setPerCpu(key: K, values: readonly In[], mode: UpdateMode = "any"): void {
    if (!this.#values.perCpu) {
      throw new TypeError(`Cannot set values per CPU: map ${this.name} is not a per-CPU map`);
    }
    anArray(values, "The values of setPerCpu()");
    const bytes = this.#errors.fitting(key, undefined, "set", () => this.#values.encodeEach(values));
    this.#map.update(this.#encodeKey(key), bytes, modeFlag(mode));
  }

  /**
   * The value, which leaves the map with that, in one step: nobody's update in between is lost (BPF_MAP_LOOKUP_AND_DELETE_ELEM, Linux 5.14;
   * hash maps). Undefined when there is no such key.
   */
  getAndDelete(key: K, options: SumOptions): V | undefined;
  getAndDelete(key: K, options?: ReadOptions): Read | undefined;
  getAndDelete(key: K, options?: ReadOptions): Read | V | undefined {
    const sum = isSum(options, "getAndDelete()");
    const map = this.#map;
    if (map.take === undefined || mapKind(map.info.type).takeSince === undefined) {
      throw new NotSupportedError(
        "getAndDelete",
        `Cannot get and delete a key of map ${this.name}: only hash maps have that`,
      );
    }
    return this.#decode(map.take(this.#encodeKey(key)), sum);
  }

  /** False when there was no such key. */
  delete(key: K): boolean {
    return this.#map.delete(this.#encodeKey(key));
  }

  /** How many of the keys there were, which all are checked first; an error says which one, and how many were deleted before. In few system calls where the kernel can (BPF_MAP_DELETE_BATCH, Linux 5.6). */
  deleteMany(keys: Iterable<K>): number {
    anIterable(keys, "The keys of deleteMany()");
    const list = [...keys];
    const raw = list.map((key, index) => this.#encodeKey(key, index));
    return deleteMany(this.#map, raw, (index, error, count) =>
      this.#errors.refused(error, "delete", list[index], index, { count, what: "deleted" }),
    );
  }

  /** Deletes all entries that are there now; of arrays of values, which have no others, every value becomes zeros. */
  clear(): void {
    const map = this.#map;
    const keys = [...rawKeys(() => map)];
    const onFailure = (_: number, error: unknown): never => {
      throw error;
    };
    const { bytes } = this.#values;
    if (!this.#isFull) deleteMany(map, keys, onFailure);
    else
      writeMany(
        map,
        keys.map((key): RawEntry => [key, new Uint8Array(bytes)]),
        0,
        onFailure,
      );
  }

  /** Whether there is such a key. An index outside of an array is none. */
  has(key: K): boolean {
    return !this.#key.isOutside(key) && this.#map.lookup(this.#encodeKey(key)) !== undefined;
  }

  /** All keys, under the same terms as {@link entries}. */
  *keys(): Generator<K> {
    for (const key of rawKeys(() => this.#map)) yield this.#key.decode(key) as K;
  }

  /** All values, under the same terms as {@link entries}. */
  values(options: SumOptions): Generator<V>;
  values(options?: ReadOptions): Generator<Read>;
  *values(options?: ReadOptions): Generator<Read | V> {
    const sum = isSum(options, "values()");
    for (const [, value] of rawEntries(() => this.#map)) yield this.#decode(value, sum)!;
  }

  /**
   * All entries, many in a system call where the kernel can. A map that programs change meanwhile is read as the kernel allows: entries that
   * come or go may be missed; when the key at hand is deleted, the kernel starts anew, so the walk ends after as many steps as the map has room.
   */
  entries(options: SumOptions): Generator<[K, V]>;
  entries(options?: ReadOptions): Generator<[K, Read]>;
  *entries(options?: ReadOptions): Generator<[K, Read | V]> {
    const sum = isSum(options, "entries()");
    for (const [key, value] of rawEntries(() => this.#map))
      yield [this.#key.decode(key) as K, this.#decode(value, sum)!];
  }

  [Symbol.iterator](): Generator<[K, Read]> {
    return this.entries();
  }

  /**
   * The values of an array map that is mapped into memory (BPF_F_MMAPABLE, Linux 5.5), live: no system call, no copy. Read-only
   * where the map is frozen, or its flags have BPF_F_RDONLY_PROG.
   */
  memory(): ArrayMemory<V> {
    this.#memory ??= this.#openMemory();
    return this.#memory;
  }

  /**
   * Takes the right to write from user space, for good (BPF_MAP_FREEZE, Linux 5.2); programs may go on writing. Refused (EBUSY)
   * while the memory is mapped for writing, so call it before {@link memory}, which gives a read-only view then.
   */
  freeze(): void {
    if (!this.#map.freeze) {
      throw new NotSupportedError("freeze", `Cannot freeze map ${this.name}: its type cannot be frozen`);
    }
    this.#map.freeze();
    this.#memory = undefined;
  }

  /** Keeps the map alive under a path of a bpffs (kernel engine), one at a time (BUSY). */
  pin(path: string): void {
    pinObject(this.#map, path, `map ${this.name}`);
  }

  /** Takes the pin away that {@link pin} or loading made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    unpinObject(this.#map, `map ${this.name}`);
  }

  /** From now on its memory is for reading only; what writes by key is refused by the engine. For who has sealed that. */
  seal(): void {
    this.#lifetime.sealed = true;
    this.#memory = undefined;
  }

  /**
   * Lets go of the map, which lives on as long as anybody else holds it: its programs, a bpffs, or the collection that it was loaded
   * with. There, `map()` opens it anew. Views of its memory end. Idempotent.
   */
  close(): void {
    if (!this.#lifetime.open) return;
    this.#lifetime.open = false;
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #map(): EngineMap {
    if (!this.#lifetime.open) throw new EbpfError("CLOSED", `Cannot use map ${this.name}: it is closed`);
    return this.#engineMap;
  }

  #openMemory(): ArrayMemory<V> {
    return openMemory(this.#map, this.#shape, this.#lifetime);
  }

  /** Arrays of values: all their keys are always there. */
  get #isFull(): boolean {
    const { key, value } = mapKind(this.#engineMap.info.type);
    return key === "index" && value === "any";
  }

  #decode(bytes: Uint8Array | undefined, sum: boolean): Read | V | undefined {
    return bytes && (this.#values.decode(bytes, sum) as Read | V);
  }

  #encodeKey(key: K, index?: number): Uint8Array {
    return this.#errors.fitting(key, index, "use", () => this.#key.encode(key, index));
  }

  #encodeValue(key: K, value: In, index?: number): Uint8Array {
    return this.#errors.fitting(key, index, "set", () => this.#values.encode(value));
  }

  /** Into one that holds programs or maps, one by one. */
  #putMany(list: readonly (readonly [K, In])[], flags: number): void {
    const keys = list.map(([key], index) => this.#encodeKey(key, index));
    for (const [index, [key, value]] of list.entries()) {
      try {
        this.#put(key, keys[index]!, value, flags, index);
      } catch (error) {
        this.#errors.refused(error, "set", key, index, { count: index, what: "set" });
      }
    }
  }

  #put(key: K, bytes: Uint8Array, value: In, flags: number, index?: number): void {
    const map = this.#map;
    if (setSlot(map, bytes, value, flags, () => this.#errors.where(key, index))) return;
    map.update(bytes, this.#encodeValue(key, value, index), flags);
  }
}

function modeFlag(mode: UpdateMode): number {
  aMode(mode, "The mode of an update");
  return updateFlags[mode];
}
