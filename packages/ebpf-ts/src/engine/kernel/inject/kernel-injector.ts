import { EbpfError } from "../../../errors.ts";
import { RingProducer, ringFull } from "../../../ring/producer.ts";
import { headerSize, recordSize } from "../../../ring/record.ts";
import type { RingMemory } from "../../../ring/ring-memory.ts";
import { Attributes } from "../../../sys/attributes.ts";
import type { Descriptor } from "../../../sys/descriptor.ts";
import type { Sys } from "../../../sys/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { Injector } from "../../engine.ts";
import { takenBytes } from "../../taken-bytes.ts";
import { failure } from "../failure.ts";

/** The frames of inject.bpf.c: a length, then room for the record that is one of its sizes. */
const frameHeader = 8;
const smallestRoom = 64;
/** DYNPTR_MAX_SIZE is 2^24 - 1. */
export const largestInjected: number = 2 ** 24 - 16;
const smallestQueue = 256 * 1024;

/** Bytes of the private ring that holds a record of that size. */
export function queueSizeFor(size: number): number {
  const bytes = headerSize + frameHeader + roomFor(size);
  return Math.max(smallestQueue, 2 ** Math.ceil(Math.log2(bytes)));
}

/** The largest record that a private ring of so many bytes holds. */
function largestIn(queueSize: number): number {
  const room = queueSize - headerSize - frameHeader;
  return room >= largestInjected ? largestInjected : 2 ** Math.floor(Math.log2(room));
}

function roomFor(size: number): number {
  if (size <= smallestRoom) return smallestRoom;
  return Math.min(1 << (32 - Math.clz32(size - 1)), largestInjected);
}

export interface KernelInjectorParts {
  readonly sys: Sys;
  readonly name: string;
  readonly target: RingMemory;
  readonly queue: RingMemory;
  readonly program: Descriptor;
  readonly close: () => void;
}

/**
 * Writes frames into a private user ring, and runs the program that moves them into the target: one system call a batch.
 *
 * `struct inject_args`: limit u64 at 0 (in), injected u64 at 8, result s64 at 16 (out).
 */
export class KernelInjector implements Injector {
  readonly largest: number;
  readonly view: DataView;
  readonly #parts: KernelInjectorParts;
  readonly #producer: RingProducer;
  readonly #args: DataView = new DataView(new ArrayBuffer(24));
  readonly #call: Attributes;
  #limit = 0;
  #room = 0;
  #lastSize = 0;

  constructor(parts: KernelInjectorParts) {
    const { data, size } = parts.queue;
    this.#parts = parts;
    this.largest = largestIn(size);
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#producer = new RingProducer(parts.queue, `injection into ${parts.name}`);
    this.#call = new Attributes(80).u32(0, parts.program.fd).u32(40, this.#args.byteLength).pointer(48, this.#args);
  }

  begin(leaveFree: number): void {
    const { name, target } = this.#parts;
    this.#producer.abandon();
    this.#room = target.size - leaveFree - takenBytes(name, target);
    // A ring that overwrites is never full: the program is not to count what is taken.
    this.#limit = target.overwrite === undefined ? target.size - leaveFree : Number.MAX_SAFE_INTEGER;
  }

  stage(size: number): number {
    const total = recordSize(size);
    if (total > this.#room) return -1;
    const offset = this.#producer.stage(frameHeader + roomFor(size));
    if (offset === ringFull) return -1;
    this.view.setUint32(offset, size, true);
    this.view.setUint32(offset + 4, 0, true);
    this.#room -= total;
    this.#lastSize = total;
    return offset + frameHeader;
  }

  unstage(): void {
    this.#producer.unstage();
    this.#room += this.#lastSize;
  }

  flush(): number {
    const staged = this.#producer.publish();
    if (staged === 0) return 0;
    this.#args.setBigUint64(0, BigInt(this.#limit), true);
    const { sys, name } = this.#parts;
    const failed = sys.bpf(Command.PROG_TEST_RUN, this.#call);
    const result = failed < 0 ? failed : Number(this.#args.getBigInt64(16, true));
    if (result < 0 && result !== -Errno.EAGAIN) {
      // The queue may still hold what was staged.
      this.close();
      throw failure(result, `inject into ring ${name}`, "bpf");
    }
    const injected = Number(this.#args.getBigUint64(8, true));
    if (result === 0 && injected !== staged) throw this.#torn(injected, staged);
    return injected;
  }

  close(): void {
    this.#producer.close();
    this.#parts.close();
  }

  #torn(injected: number, staged: number): EbpfError {
    this.close();
    return new EbpfError(
      "BAD_RING",
      `Cannot inject into ring ${this.#parts.name}: ${injected} of ${staged} records came out of the queue`,
    );
  }
}
