import { EbpfError } from "../../base/errors.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import type { EngineReading } from "../reading.ts";
import { check, failure } from "./failure.ts";

/** The kernel gathers no more before it hands out (8 pages, bpf_iter.c). */
const most = 32 * 1024;
/** Of reads one after another that give nothing: some billion objects. */
const mostTries = 1000;

const isTemporary = (result: number): boolean => result === -Errno.EAGAIN || result === -Errno.EINTR;

/** Runs an iterator's program (BPF_ITER_CREATE, Linux 5.8), as far as somebody reads. It holds the link, whatever becomes of that. */
export class IteratorReading implements EngineReading {
  readonly #sys: Sys;
  readonly #iterator: Descriptor;
  readonly #action: string;
  readonly #onEnd: (reading: IteratorReading) => void;
  #closed = false;

  /** `program` is its name. */
  constructor(sys: Sys, link: Descriptor, program: string, onEnd: (reading: IteratorReading) => void) {
    this.#sys = sys;
    this.#action = `read what program ${program} prints`;
    this.#onEnd = onEnd;
    const fd = check(
      sys.bpf(Command.ITER_CREATE, new KernelStruct(BpfAttr.iter_create, { link_fd: link.fd })),
      this.#action,
    );
    this.#iterator = new Descriptor(fd, `the iterator of program ${program}`);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#closed) return undefined;
    const bytes = new Uint8Array(most);
    const length = await this.#readInto(bytes);
    return length === 0 || this.#closed ? undefined : bytes.subarray(0, length);
  }

  close(): void {
    this.#closed = true;
    this.#onEnd(this);
    this.#iterator.close();
  }

  /**
   * EAGAIN: a million of them were walked, and the program has printed nothing yet. Or it has returned something else than 0: then the kernel
   * would show it the same object for ever.
   */
  async #readInto(bytes: Uint8Array): Promise<number> {
    let result = -Errno.EAGAIN as number;
    for (let tries = 0; tries < mostTries && isTemporary(result) && !this.#closed; tries += 1)
      result = await this.#iterator.during((fd) => this.#sys.readAsync(fd, bytes));
    if (result >= 0 || this.#closed) return Math.max(0, result);
    if (isTemporary(result))
      throw failure(result, this.#action, "read", "it returns something else than 0 for an object, again and again");
    if (result !== -Errno.E2BIG) throw failure(result, this.#action, "read");
    throw new EbpfError("NO_SPACE", `Cannot ${this.#action}: it prints more than ${most} bytes of one object`);
  }
}
