import type { RingMemory } from "../../../ring/ring-memory.ts";
import type { MachineMapImage } from "./image.ts";

/** A map as helpers and the engine see it. Results are 0 or a negative errno, addresses are 0 for NULL: the kernel's way. */
export interface MachineMap {
  readonly image: MachineMapImage;
  /**
   * Address of the value, for per-CPU maps that of `cpu`. `key` is the address of `keySize` bytes, read in place: should another thread
   * change them meanwhile, either key is looked up, or none, as in the kernel.
   */
  lookup(key: number, cpu: number): number;
  /** Files the key, so that it must be one that nobody changes meanwhile. */
  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number;
  delete(key: Uint8Array): number;
  /** The next key, or undefined at the end; undefined as argument asks for the first. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  /** The bpf(2) side: all CPUs' values in a row, padded to 8 bytes each, for per-CPU maps. */
  read(key: Uint8Array): Uint8Array | undefined;
  write(key: Uint8Array, value: Uint8Array, flags: number): number;
  /** How many entries were looked at in search of keys since it was asked last: keys may have been made to meet in one chain. */
  takeSteps?(): number;
  /** The key whose value stands in that place of the map, for messages. */
  keyOf?(slot: number): string;
  /** Reads, and deletes, in one step. */
  take?(key: Uint8Array): Uint8Array | undefined;
  /** Of values without keys: 0 or a negative errno. */
  push?(value: Uint8Array, flags: number): number;
  /** The next value, put into so many bytes, leaves with that; there is none: -ENOENT, and zeros. */
  pop?(into: Uint8Array): number;
  /** The same, and it stays. */
  peek?(into: Uint8Array): number;
  /** Bloom filter: false when it was never pushed. */
  contains?(value: Uint8Array): boolean;
  /**
   * Entries for bpf_for_each_map_elem, with the address of each value. `pass` is told how many places were looked at since it was called
   * last, also where there was none: it may throw, and does not change the map.
   */
  entries?(
    cpu: number,
    pass?: (places: number) => void,
  ): Iterable<{ readonly key: Uint8Array; readonly value: number }>;
  readonly ring?: MachineRing;
  readonly userRing?: MachineUserRing;
  readonly perf?: MachinePerf;
  /** Index of the program at that slot of a prog array; -1 when empty. */
  programAt?(index: number): number;
  setProgramAt?(index: number, program: number): number;
  /** Makes this thread's view of a ring say that it is closed; other maps have nothing that could be used afterwards. */
  close?(): void;
}

/** The program's side of a BPF_MAP_TYPE_RINGBUF; kernel/bpf/ringbuf.c is the model. */
export interface MachineRing {
  /** Address of the payload, or 0 (see ring-buffers: when reserve gives NULL). */
  reserve(size: number, flags: bigint): number;
  /** Both end the record whose payload is at `address`. */
  submit(address: number, flags: bigint): void;
  discard(address: number, flags: bigint): void;
  /** 0, -EINVAL, -EAGAIN. */
  output(data: Uint8Array, flags: bigint): number;
  /** User space's output: 0, or -EAGAIN when less than `leaveFree` bytes would be free then. */
  inject(data: Uint8Array, leaveFree: number): number;
  query(flags: bigint): bigint;
  /** How many records of programs found no room so far. */
  readonly refused: number;
  /** Payload length of the record at `address`. */
  lengthAt(address: number): number;
  /** For user space. */
  readonly memory: RingMemory;
  /** Int32Array element that is bumped and notified at every wake-up. */
  readonly bell: Int32Array;
}

/** The program's side of a BPF_MAP_TYPE_USER_RINGBUF: the drain, in the kernel's order of checks. */
export interface MachineUserRing {
  /**
   * `onSample` gets each sample's payload address and size; 0 goes on, 1 stops. `pass` is told of each that is looked at, discarded ones
   * included, and may throw.
   * Returns the number of samples, or -EINVAL, -E2BIG, -EBUSY.
   */
  drain(onSample: (address: number, size: number) => number, flags: bigint, pass?: (samples: number) => void): number;
  readonly memory: RingMemory;
  /** Notified when a drain made room. */
  readonly bell: Int32Array;
}

/** A BPF_MAP_TYPE_PERF_EVENT_ARRAY: the rings of the CPUs, which user space puts into its slots. */
export interface MachinePerf {
  readonly slots: number;
  /**
   * The program's side, bpf_perf_event_output by a program that runs on `cpu`: 0, or in the kernel's order -E2BIG, -ENOENT (no ring there),
   * -EOPNOTSUPP (another CPU's), -ENOSPC.
   */
  output(slot: number, cpu: number, payload: Uint8Array): number;
  /** The address of a ring (`perf-ring-state.ts`), or 0 to take it away. */
  setRing(slot: number, address: number): void;
  /** For a ring that is made: no other has the same. */
  nextSerial(): number;
  /** Int32Array element that is bumped and notified at every wake-up, of whichever CPU. */
  readonly bell: Int32Array;
}
