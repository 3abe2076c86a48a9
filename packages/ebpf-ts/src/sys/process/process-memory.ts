import { readMemoryFile } from "../../host/system-files.ts";
import { func } from "../ffi/libc.ts";
import type { NativeFunction } from "../ffi/libc.ts";
import { pinned, putWord } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";

const chunkSize = 65536;

/** The memory of other processes: process_vm_readv(2), and `/proc/PID/mem` where that is not allowed. */
export class ProcessMemory {
  readonly #readv: NativeFunction;
  readonly #writev: NativeFunction;
  readonly #chunk: Pinned = pinned(chunkSize);
  /** Two `struct iovec`: ours at 0, theirs at 16. */
  readonly #vectors: Pinned = pinned(32);

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
    const { view } = this.#vectors;
    putWord(view, 0, this.#chunk.address);
    putWord(view, 8, length);
    view.setBigUint64(16, BigInt.asUintN(64, address), true);
    putWord(view, 24, length);
    return call(pid, this.#vectors.address, 1, this.#vectors.address + 16, 1, 0);
  }
}
