import { addressOf, addressOfShared, errno, func, type NativeFunction } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { syscallNumbers } from "../ffi/syscall-numbers.ts";
import { Errno } from "../../uapi/errno.ts";
import { Timespec } from "../../uapi/structs.gen.ts";

/** Not FUTEX_PRIVATE: other processes map the same page at another address. */
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const everybody = 0x7fff_ffff;

const syscall = "long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e)";

/** A 32-bit word of shared memory on which threads of any process can sleep (futex(2)). */
export class Futex {
  readonly address: number;
  /** Kept, so that the memory stays mapped. */
  readonly words: Int32Array;
  readonly #index: number;
  readonly #wait: FutexWait = new FutexWait();

  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.address = (isShared(words) ? addressOfShared(words) : addressOf(words)) + 4 * index;
    this.#index = index;
  }

  get value(): number {
    return Atomics.load(this.words, this.#index);
  }

  /**
   * Blocks this thread while the word is `expected`, for at most that many milliseconds: 0 when woken (perhaps for no
   * reason), or the negative errno: -EAGAIN when the word is another already, -ETIMEDOUT, -EINTR.
   */
  wait(expected: number, timeoutMs: number): number {
    return this.#wait.at(this.address, expected, timeoutMs);
  }

  wake(count: number = everybody): void {
    this.#wait.syscall(this.#wait.number, this.address, FUTEX_WAKE, count, 0, 0);
  }
}

function isShared(words: Int32Array): words is Int32Array<SharedArrayBuffer> {
  return words.buffer instanceof SharedArrayBuffer;
}

/** Waits for words by address: the kernel looks at them, so that one which is not mapped any more is an error, and no end of the process. */
export class FutexWait {
  readonly syscall: NativeFunction = func(syscall);
  readonly number: number = syscallNumbers().futex;
  readonly #time = new KernelStruct(Timespec);

  /** See {@link Futex.wait}; -EFAULT where nothing is mapped. */
  at(address: number, expected: number, timeoutMs: number): number {
    putTime(this.#time, timeoutMs);
    const result = this.syscall(this.number, address, FUTEX_WAIT, expected, this.#time.address, 0);
    return result < 0 ? -errno() : 0;
  }

  /** What a word is now. */
  look(address: number, expected: number): "same" | "changed" | "gone" {
    const result = this.at(address, expected, 0);
    return result === -Errno.EAGAIN ? "changed" : result === -Errno.EFAULT ? "gone" : "same";
  }
}

export function putTime(time: KernelStruct<typeof Timespec>, ms: number): void {
  time.put(Timespec.fields.tv_sec, Math.floor(ms / 1000)).put(Timespec.fields.tv_nsec, Math.floor((ms % 1000) * 1e6));
}
