import { readMemoryFile } from "../../host/system-files.ts";
import { func } from "../ffi/libc.ts";
import type { NativeFunction } from "../ffi/libc.ts";
import { pinned } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";
import { putBigint, putNumber } from "../../uapi/fields.ts";
import { Iovec } from "../../uapi/structs.gen.ts";

const { iov_base, iov_len } = Iovec.fields;

const chunkSize = 65536;

/** The memory of other processes: process_vm_readv(2), and `/proc/PID/mem` where that is not allowed. */
export class ProcessMemory {
  readonly #readv: NativeFunction;
  readonly #writev: NativeFunction;
  readonly #chunk: Pinned = pinned(chunkSize);
  /** Ours, then theirs. */
  readonly #vectors: Pinned = pinned(2 * Iovec.size);

  constructor() {
    const parameters = "(int pid, size_t local, ulong locals, size_t remote, ulong remotes, ulong flags)";
    this.#readv = func(`long process_vm_readv${parameters}`);
    this.#writev = func(`long process_vm_writev${parameters}`);
  }

  /** False when any of it cannot be read; what stands in `into` is then not to be used. */
  read(pid: number, address: bigint, into: Uint8Array): boolean {
    for (let done = 0; done < into.length; done += chunkSize) {
      const part = into.subarray(done, done + chunkSize);
      if (!this.#readPart(pid, address + BigInt(done), part)) return false;
    }
    return true;
  }

  write(pid: number, address: bigint, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; done += chunkSize) {
      const part = bytes.subarray(done, done + chunkSize);
      this.#chunk.bytes.set(part);
      if (this.#transfer(this.#writev, pid, address + BigInt(done), part.length) !== part.length) return false;
    }
    return true;
  }

  #readPart(pid: number, address: bigint, into: Uint8Array): boolean {
    const count = this.#transfer(this.#readv, pid, address, into.length);
    if (count >= 0 && count < into.length) return false;
    if (count < 0 && !readMemoryFile(pid, address, this.#chunk.bytes.subarray(0, into.length))) return false;
    into.set(this.#chunk.bytes.subarray(0, into.length));
    return true;
  }

  #transfer(call: NativeFunction, pid: number, address: bigint, length: number): number {
    const { view, address: ours } = this.#vectors;
    putNumber(view, 0, iov_base, this.#chunk.address);
    putNumber(view, 0, iov_len, length);
    putBigint(view, Iovec.size, iov_base, address);
    putNumber(view, Iovec.size, iov_len, length);
    return call(pid, ours, 1, ours + Iovec.size, 1, 0);
  }
}
