import { EbpfError } from "../../../base/errors.ts";
import { RingProducer } from "../../../ring/producer.ts";
import { headerSize, recordSize } from "../../../ring/record.ts";
import type { RingMemory } from "../../../ring/ring-memory.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { Injector, WriteRecord } from "../../injector.ts";
import { takenBytes } from "../../taken-bytes.ts";
import { failure } from "../failure.ts";
import type { FrameSize } from "./frame-size.ts";
import { InjectArgs } from "./inject-object.gen.ts";

const args = InjectArgs.fields;

export interface KernelInjectorParts {
  readonly sys: Sys;
  readonly name: string;
  readonly target: RingMemory;
  readonly queue: RingMemory;
  readonly frame: FrameSize;
  readonly program: Descriptor;
  readonly close: () => void;
}

/**
 * Writes a batch of records as one frame into a private user ring, and runs the program that moves them into the target: one
 * system call a batch.
 */
export class KernelInjector implements Injector {
  readonly largest: number;
  readonly view: DataView;
  readonly #parts: KernelInjectorParts;
  readonly #producer: RingProducer;
  readonly #headers: Int32Array;
  readonly #span: number;
  readonly #args = new KernelStruct(InjectArgs);
  readonly #call: KernelStruct<typeof BpfAttr.test>;
  #limit = 0;
  #room = 0;
  /** Where the frame begins in the queue, its bytes and records so far, and the bytes of the last one. */
  #frame = 0;
  #end = 0;
  #count = 0;
  #lastSize = 0;

  constructor(parts: KernelInjectorParts) {
    const { data } = parts.queue;
    this.#parts = parts;
    this.largest = parts.frame.largest;
    this.#span = parts.frame.span;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#headers = new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
    this.#producer = new RingProducer(parts.queue, `injection into ${parts.name}`);
    this.#call = new KernelStruct(BpfAttr.test, {
      prog_fd: parts.program.fd,
      ctx_size_in: InjectArgs.size,
      ctx_in: this.#args.bytes,
    });
  }

  begin(leaveFree: number): void {
    const { name, target, frame } = this.#parts;
    this.#producer.abandon();
    this.#frame = this.#producer.stage(frame.bytes);
    this.#end = 0;
    this.#count = 0;
    this.#room = target.size - leaveFree - takenBytes(name, target);
    // A ring that overwrites is never full: the program is not to count what is taken.
    this.#limit = target.overwrite === undefined ? target.size - leaveFree : Number.MAX_SAFE_INTEGER;
  }

  stage(size: number): number {
    const total = recordSize(size);
    const at = this.#end;
    if (total > this.#room || at > this.#span || size > this.largest) return -1;
    const offset = this.#frame + at;
    this.#headers[offset >> 2] = size;
    this.#end = at + total;
    this.#count += 1;
    this.#room -= total;
    this.#lastSize = total;
    return offset + headerSize;
  }

  get staged(): number {
    return this.#count;
  }

  /** In one loop, since it is the fastest way. */
  fill(count: number, size: number, write: WriteRecord, from: number): void {
    const total = recordSize(size);
    if (size > this.largest) return;
    const headers = this.#headers;
    const { view } = this;
    const most = Math.min(this.#room, this.#span + total - this.#end);
    const end = this.#frame + this.#end + Math.min(count, Math.floor(most / total)) * total;
    let offset = this.#frame + this.#end;
    let index = from;
    try {
      for (; offset < end; offset += total) {
        headers[offset >> 2] = size;
        write(view, offset + headerSize, index);
        index += 1;
      }
    } finally {
      this.#end = offset - this.#frame;
      this.#count += index - from;
      this.#room -= (index - from) * total;
    }
  }

  unstage(): void {
    this.#end -= this.#lastSize;
    this.#count -= 1;
    this.#room += this.#lastSize;
    this.#lastSize = 0;
  }

  flush(): number {
    const staged = this.#count;
    const { sys, name } = this.#parts;
    // What fills a record may close the ring.
    if (!this.#producer.open) throw new EbpfError("CLOSED", `Cannot inject into ring ${name}: it is closed`);
    if (staged === 0) {
      this.#producer.abandon();
      return 0;
    }
    this.#producer.publish();
    this.#args.putU64(args.limit, this.#limit).putU64(args.end, this.#end);
    this.#args.putU64(args.injected, 0).putU64(args.result, 0);
    const failed = sys.bpf(Command.PROG_TEST_RUN, this.#call);
    const result = failed < 0 ? failed : this.#args.number(args.result);
    if (result < 0 && result !== -Errno.EAGAIN) {
      // The queue may still hold what was staged.
      this.close();
      throw failure(result, `inject into ring ${name}`, "bpf");
    }
    const injected = this.#args.number(args.injected);
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
