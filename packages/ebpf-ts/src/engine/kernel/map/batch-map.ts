import { EbpfError } from "../../../base/errors.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { MapBatch } from "../../map.ts";
import { KernelMap } from "./kernel-map.ts";

/** A hash map's cursor is the number of a bucket, an array's an index, and a trie's a key. */
const SMALLEST_CURSOR = 8;
/** Entries, and bytes, of one call. */
const LARGEST_BATCH = 1 << 20;
const MOST_BYTES = 64 * 1024 * 1024;

/** A map of which many entries can be read in one call (BPF_MAP_LOOKUP_BATCH; `kinds/map-kinds.ts` says of which, and since when). */
export class BatchMap extends KernelMap {
  #kernelHasIt = true;
  #kernelWrites = true;

  lookupBatch(cursor: Uint8Array | undefined, count: number): MapBatch {
    if (!this.#kernelHasIt) return this.#oneByOne(cursor, count);
    const most = Math.min(LARGEST_BATCH, Math.floor(MOST_BYTES / (this.info.keySize + this.bytes)));
    let room = Math.max(1, Math.min(count, most));
    for (;;) {
      const batch = this.#read(cursor, room);
      if (typeof batch !== "number") return batch;
      // Entries come by whole buckets: there must be room for the next one.
      if (cursor === undefined && isMissing(batch)) return this.#withoutKernel(count);
      // Before Linux 6.14 generic_map_lookup_batch gives up on entries that are gone, and on empty slots. Its cursor is a key.
      if (batch === -Errno.EINTR) return this.#oneByOne(cursor?.subarray(0, this.info.keySize), count);
      if (batch !== -Errno.ENOSPC) this.check(batch, "read entries");
      if (room >= LARGEST_BATCH)
        throw new EbpfError(
          "TOO_BIG",
          `Cannot read map ${this.info.name} in batches: one of its buckets has too many entries`,
        );
      room *= 2;
    }
  }

  updateBatch(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): number {
    this.refuseSealed("update keys of");
    const keys = entries.map(([key]) => key);
    return this.#write(
      Command.MAP_UPDATE_BATCH,
      keys,
      joined(
        entries.map(([, value]) => value),
        this.bytes,
      ),
    );
  }

  deleteBatch(keys: readonly Uint8Array[]): number {
    this.refuseSealed("delete keys of");
    return this.#write(Command.MAP_DELETE_BATCH, keys, undefined);
  }

  /** How many it has done. What it does not tell are none: the caller does the next one by itself, and learns why. */
  #write(command: number, keys: readonly Uint8Array[], values: Uint8Array | undefined): number {
    if (!this.#kernelWrites || keys.length === 0) return 0;
    const attributes = new KernelStruct(BpfAttr.batch, {
      keys: joined(keys, this.info.keySize),
      count: keys.length,
      map_fd: this.fd,
      ...(values === undefined ? {} : { values }),
    });
    const result = this.sys.bpf(command, attributes);
    if (result >= 0) return keys.length;
    if (isMissing(result)) this.#kernelWrites = false;
    const done = attributes.number(BpfAttr.batch.fields.count);
    return done < keys.length ? done : 0;
  }

  /** A batch, or the negative errno. */
  #read(cursor: Uint8Array | undefined, room: number): MapBatch | number {
    const { keySize } = this.info;
    const keys = new Uint8Array(room * keySize);
    const values = new Uint8Array(room * this.bytes);
    const next = new Uint8Array(Math.max(keySize, SMALLEST_CURSOR));
    const attributes = new KernelStruct(BpfAttr.batch, {
      in_batch: cursor === undefined ? undefined : padded(cursor, next.length),
      out_batch: next,
      keys,
      values,
      count: room,
      map_fd: this.fd,
    });
    const result = this.sys.bpf(Command.MAP_LOOKUP_BATCH, attributes);
    if (result < 0 && result !== -Errno.ENOENT) return result;
    const count = Math.min(attributes.number(BpfAttr.batch.fields.count), room);
    return {
      keys: split(keys, keySize, count),
      values: split(values, this.bytes, count),
      next: result === -Errno.ENOENT ? undefined : next,
    };
  }

  #withoutKernel(count: number): MapBatch {
    this.#kernelHasIt = false;
    return this.#oneByOne(undefined, count);
  }

  /** On older kernels the cursor is the last key. */
  #oneByOne(cursor: Uint8Array | undefined, count: number): MapBatch {
    const keys: Uint8Array[] = [];
    const values: Uint8Array[] = [];
    let key = this.nextKey(cursor);
    while (key !== undefined) {
      const value = this.lookup(key);
      if (value !== undefined) {
        keys.push(key);
        values.push(value);
      }
      if (keys.length >= count) return { keys, values, next: key };
      key = this.nextKey(key);
    }
    return { keys, values, next: undefined };
  }
}

function isMissing(result: number): boolean {
  return result === -Errno.EINVAL || result === -Errno.ENOTSUPP || result === -Errno.EOPNOTSUPP;
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

function split(bytes: Uint8Array, size: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(parts.length * size);
  for (const [index, part] of parts.entries()) bytes.set(part, index * size);
  return bytes;
}
