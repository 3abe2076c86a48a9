import type { RingMemory } from "../../../ring/ring-memory.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import { RB_OVERWRITE } from "../../../uapi/ring-overwrite.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../machine/image.ts";
import { refuse, type MapShape } from "../machine/map-implementation.ts";
import { SharedLock } from "../../../memory/shared-lock.ts";
import { wake } from "./wake-word.ts";

/** The kernel's page, in which rings are measured. The machine has pages of 4096 bytes whatever the host has. */
export const ringPage = 4096;
/** RingMemory allows no more; the kernel's own limit on 64-bit systems is 64 GiB. */
const largestRing = 2 ** 30;

/*
 * The bookkeeping of a ring, in bytes. The words of different writers are kept apart, so that they do not share a cache line.
 *
 *     0  consumer position  u64     written by the consumer only
 *   128  producer position  u64     written by the producer only (event ring: under the lock)
 *   256  pending position   u64     event ring: the oldest record that may be uncommitted; under the lock
 *   264  lock               i32     event ring: excludes producers (SharedLock)
 *   268  drainer            i32     user ring: the number of the thread whose program drains it, or 0
 *   272  overwrite position u64     event ring that overwrites: the first that is not overwritten; under the lock
 *   280  refused            u64     event ring: reservations of programs for which there was no room
 *   384  bell               i32     counts the wake-ups, and is notified at each
 */
const consumerAt = 0;
const producerAt = 128;
const pendingAt = 256;
const lockAt = 264;
const drainerAt = 268;
const overwriteAt = 272;
const refusedAt = 280;
const bellAt = 384;
const stateBytes = 512;

class MachineRingMemory implements RingMemory {
  readonly size: number;
  readonly consumer: BigUint64Array;
  readonly producer: BigUint64Array;
  readonly overwrite: BigUint64Array | undefined;
  readonly data: Uint8Array;
  open = true;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    this.size = image.maxEntries;
    this.consumer = new BigUint64Array(memory, image.state + consumerAt, 1);
    this.producer = new BigUint64Array(memory, image.state + producerAt, 1);
    if ((image.flags & RB_OVERWRITE) !== 0) this.overwrite = new BigUint64Array(memory, image.state + overwriteAt, 1);
    this.data = new Uint8Array(memory, image.address, 2 * this.size);
  }
}

/** What both kinds of ring have. */
export class RingState {
  readonly size: number;
  readonly mask: bigint;
  readonly memory: MachineRingMemory;
  readonly consumer: BigUint64Array;
  readonly producer: BigUint64Array;
  readonly pending: BigUint64Array;
  readonly refused: BigUint64Array;
  readonly lock: SharedLock;
  readonly drainer: Int32Array;
  readonly bell: Int32Array;
  /** The data as words: the length of the record at byte offset `o` is element `o >>> 2`. */
  readonly headers: Int32Array;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    this.memory = new MachineRingMemory(image, memory);
    this.size = this.memory.size;
    this.mask = BigInt(this.size - 1);
    this.consumer = this.memory.consumer;
    this.producer = this.memory.producer;
    this.pending = new BigUint64Array(memory, image.state + pendingAt, 1);
    this.refused = new BigUint64Array(memory, image.state + refusedAt, 1);
    this.lock = new SharedLock(new Int32Array(memory, image.state + lockAt, 1), 0, `ring ${image.name}`);
    this.drainer = new Int32Array(memory, image.state + drainerAt, 1);
    this.bell = new Int32Array(memory, image.state + bellAt, 1);
    this.headers = new Int32Array(memory, image.address, this.size / 2);
  }

  wake(): void {
    wake(this.bell);
  }
}

/** What ringbuf_map_alloc checks, after libbpf's rounding. */
export function ringShape(spec: MapSpec): MapShape {
  if ((spec.flags & RB_OVERWRITE) !== 0 && mapKind(spec.type).ring !== "event") {
    throw refuse(spec, "only a ring that programs write can overwrite its oldest records (BPF_F_RB_OVERWRITE)");
  }
  if (spec.keySize !== 0 || spec.valueSize !== 0) {
    throw refuse(spec, "a ring buffer has no keys and no values");
  }
  if (spec.maxEntries === 0) {
    throw refuse(spec, "it declares no size in max_entries");
  }
  const size = ringBytes(spec.maxEntries);
  if (size > largestRing) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot create map ${spec.name}: a ring has at most ${largestRing} bytes, and it wants ${spec.maxEntries}`,
    );
  }
  return { maxEntries: size, valueBytes: 2 * size, access: "record", stateBytes };
}

/** The least page multiple of a power of two that holds `wanted` bytes: libbpf rounds so, and the kernel takes nothing else. */
function ringBytes(wanted: number): number {
  let size = ringPage;
  while (size < wanted) {
    size *= 2;
  }
  return size;
}

export const ringFlags: number = MapFlag.NUMA_NODE | RB_OVERWRITE;
