import type { EngineMap, MapInfo } from "../engine/map.ts";
import { anArray, aPath, oneOf } from "../base/checks.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { ArrayMemory } from "../memory/array-memory.ts";
import { arrayMemory } from "../memory/live-view.ts";
import { MemoryArea } from "../memory/memory-area.ts";
import type { Shape } from "../memory/shape.ts";
import { MapKeys } from "./map-keys.ts";
import type { ValueCodec } from "./value-codec.ts";

/** When an update may happen. Kernel: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export type UpdateMode = "any" | "create" | "replace";

const updateFlags: Record<UpdateMode, number> = { any: 0, create: 1, replace: 2 };

const aMode = oneOf("any", "create", "replace");

/** How many entries one batch asks for; the kernel hands out whole hash buckets, so that it is only a wish. */
const batchSize = 256;

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
 */
export class BpfMap<K = unknown, V = unknown> {
  readonly #engineMap: EngineMap;
  readonly #key: MapKeys;
  readonly #value: ValueCodec;
  readonly #perCpu: boolean;
  readonly #shape: () => Shape;
  readonly #onClose: (() => void) | undefined;
  /** Of all views of its memory. */
  readonly #lifetime: { open: boolean; sealed: boolean } = { open: true, sealed: false };
  #memory: ArrayMemory<V> | undefined;

  constructor({ map, key, value, shape, onClose }: BpfMapParts) {
    this.#engineMap = map;
    this.#key = new MapKeys(map.info, key);
    this.#value = value;
    this.#perCpu = mapKind(map.info.type).perCpu;
    this.#shape = shape;
    this.#onClose = onClose;
  }

  get name(): string {
    return this.#engineMap.info.name;
  }

  get info(): MapInfo {
    return this.#engineMap.info;
  }

  /** The value, or undefined when there is no such key. Of a per-CPU map: the first CPU's; see {@link getPerCpu}. */
  get(key: K): V | undefined {
    const bytes = this.#map.lookup(this.#key.encode(key));
    return bytes && (this.#value.decode(bytes.subarray(0, this.#value.size)) as V);
  }

  /** Every possible CPU's value, in order. Other maps give one. */
  getPerCpu(key: K): V[] | undefined {
    const bytes = this.#map.lookup(this.#key.encode(key));
    return bytes && this.#split(bytes);
  }

  /** Sets the value; of a per-CPU map: the same for every CPU. */
  set(key: K, value: V, mode: UpdateMode = "any"): void {
    const one = this.#value.encode(value);
    this.#map.update(
      this.#key.encode(key),
      this.#perCpu ? this.#join(Array.from({ length: this.#map.cpus }, () => one)) : one,
      modeFlag(mode),
    );
  }

  /** One value for every possible CPU, in order. */
  setPerCpu(key: K, values: readonly V[], mode: UpdateMode = "any"): void {
    if (!this.#perCpu) {
      throw new TypeError(`Cannot set values per CPU: map ${this.name} is not a per-CPU map`);
    }
    anArray(values, "The values of setPerCpu()");
    if (values.length !== this.#map.cpus) {
      throw new RangeError(
        `Cannot set map ${this.name}: it takes ${this.#map.cpus} values, one per CPU, not ${values.length}`,
      );
    }
    this.#map.update(
      this.#key.encode(key),
      this.#join(values.map((value) => this.#value.encode(value))),
      modeFlag(mode),
    );
  }

  /**
   * The value, which leaves the map with that, in one step: nobody's update in between is lost (BPF_MAP_LOOKUP_AND_DELETE_ELEM, Linux 5.14;
   * hash maps). Undefined when there is no such key. Of a per-CPU map: the first CPU's.
   */
  take(key: K): V | undefined {
    const map = this.#map;
    if (map.take === undefined || mapKind(map.info.type).takeSince === undefined) {
      throw new NotSupportedError("take", `Cannot take a key of map ${this.name}: only hash maps have that`);
    }
    const bytes = map.take(this.#key.encode(key));
    return bytes && (this.#value.decode(bytes.subarray(0, this.#value.size)) as V);
  }

  /** False when there was no such key. */
  delete(key: K): boolean {
    return this.#map.delete(this.#key.encode(key));
  }

  /** Whether there is such a key. An index outside of an array is none. */
  has(key: K): boolean {
    return !this.#key.isOutside(key) && this.#map.lookup(this.#key.encode(key)) !== undefined;
  }

  /** All keys, under the same terms as {@link entries}. */
  *keys(): Generator<K> {
    for (const key of this.#rawKeys()) yield this.#key.decode(key) as K;
  }

  /**
   * All entries. A map that programs change meanwhile is read as the kernel allows: entries that come or go may be
   * missed; when the key at hand is deleted, the kernel starts anew, so the walk ends after as many steps as the map has room.
   */
  *entries(): Generator<[K, V]> {
    for (const [key, value] of this.#rawEntries()) {
      yield [this.#key.decode(key) as K, this.#value.decode(value.subarray(0, this.#value.size)) as V];
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
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

  /** Keeps the map alive under a path of a bpffs (kernel engine). */
  pin(path: string): void {
    aPath(path, "The path of pin()");
    if (!this.#map.pin) {
      throw new NotSupportedError(
        "pin",
        `Cannot pin map ${this.name}: only the kernel engine can, load with engine: "kernel"`,
      );
    }
    this.#map.pin(path);
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
    const map = this.#map;
    if (!map.readOnlyMemory) {
      throw new NotSupportedError(
        "mmap",
        `Cannot view the memory of map ${this.name}: only array maps with the flag BPF_F_MMAPABLE have it`,
        "5.5",
      );
    }
    const element = this.#shape();
    const { maxEntries: length, valueSize } = map.info;
    const readOnly = map.memory === undefined || map.frozen === true;
    const bytes = readOnly ? map.readOnlyMemory() : map.memory!();
    const name = `map ${this.name}`;
    const area = new MemoryArea({ name, bytes, readOnly, lifetime: this.#lifetime });
    return arrayMemory<V>({ area, base: 0, length, stride: roundUp8(valueSize), element, name });
  }

  *#rawKeys(): Generator<Uint8Array> {
    let key = this.#map.nextKey(undefined);
    for (let step = 0; key !== undefined && step < this.#map.info.maxEntries; step += 1) {
      yield key;
      key = this.#map.nextKey(key);
    }
  }

  *#rawEntries(): Generator<[Uint8Array, Uint8Array]> {
    if (this.#map.lookupBatch) {
      yield* this.#batches();
      return;
    }
    for (const key of this.#rawKeys()) {
      const value = this.#map.lookup(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *#batches(): Generator<[Uint8Array, Uint8Array]> {
    let cursor: Uint8Array | undefined;
    do {
      const batch = this.#map.lookupBatch!(cursor, batchSize);
      for (const [i, key] of batch.keys.entries()) yield [key, batch.values[i]!];
      cursor = batch.next;
    } while (cursor !== undefined);
  }

  #split(bytes: Uint8Array): V[] {
    const { size } = this.#value;
    const stride = this.#perCpu ? roundUp8(size) : size;
    const values: V[] = [];
    for (let at = 0; at + size <= bytes.length; at += Math.max(stride, 1)) {
      values.push(this.#value.decode(bytes.subarray(at, at + size)) as V);
    }
    return values;
  }

  #join(values: readonly Uint8Array[]): Uint8Array {
    const stride = roundUp8(this.#value.size);
    const bytes = new Uint8Array(stride * values.length);
    for (const [i, value] of values.entries()) bytes.set(value, i * stride);
    return bytes;
  }
}

function roundUp8(size: number): number {
  return (size + 7) & ~7;
}

function modeFlag(mode: UpdateMode): number {
  aMode(mode, "The mode of an update");
  return updateFlags[mode];
}
