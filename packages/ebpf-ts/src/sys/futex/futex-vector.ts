import { Errno } from "../../uapi/errno.ts";
import { monotonicMs } from "../process/clock.ts";
import { putTime } from "./futex.ts";
import { errno, func, viewOf } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { pinned } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";
import { syscallNumbers } from "../ffi/syscall-numbers.ts";
import { putNumber } from "../../uapi/fields.ts";
import { FutexWaitv, Timespec } from "../../uapi/structs.gen.ts";

/** FUTEX_WAITV_MAX */
export const futexVectorLimit = 128;

const FUTEX_32 = 2;
const CLOCK_MONOTONIC = 1;
/** How often the words are looked at where the kernel cannot wait for several. */
const lookMs = 1;

interface Watched {
  readonly token: number;
  readonly address: number;
  readonly word: Int32Array;
  last: number;
}

/**
 * Many futexes that one thread waits for (futex_waitv(2), Linux 5.16; on an older kernel it looks at them every
 * millisecond). They are given by address, since another thread has them: whoever adds one keeps its memory mapped until
 * it was removed.
 */
export class FutexVector {
  readonly #watched: Watched[] = [];
  readonly #entries: Pinned = pinned(futexVectorLimit * FutexWaitv.size);
  readonly #time = new KernelStruct(Timespec);
  #supported = true;

  /** `last` is the value from which the word is to change. */
  add(token: number, address: number, last: number): void {
    this.#watched.push({ token, address, word: new Int32Array(viewOf(address, 4)), last });
  }

  remove(token: number): void {
    const at = this.#watched.findIndex((watched) => watched.token === token);
    if (at >= 0) this.#watched.splice(at, 1);
  }

  /** Calls back with the token of every word that has changed since it was looked at last. */
  changes(onChange: (token: number) => void): void {
    for (const watched of this.#watched) {
      const value = Atomics.load(watched.word, 0);
      if (value === watched.last) continue;
      watched.last = value;
      onChange(watched.token);
    }
  }

  /** Blocks until one of the words has changed, for that many milliseconds at most, or for no reason. */
  wait(timeoutMs: number): void {
    if (!this.#supported) return void this.#nap();
    this.#watched.forEach((watched, index) => this.#put(index * FutexWaitv.size, watched));
    // The timeout is a time of day, unlike that of FUTEX_WAIT.
    putTime(this.#time, monotonicMs() + timeoutMs);
    const wait = func("long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e)");
    const { futexWaitv } = syscallNumbers();
    const count = this.#watched.length;
    const result = wait(futexWaitv, this.#entries.address, count, 0, this.#time.address, CLOCK_MONOTONIC);
    if (result < 0) this.#check(errno());
  }

  #put(at: number, { address, last }: Watched): void {
    const { view } = this.#entries;
    putNumber(view, at, FutexWaitv.fields.val, last >>> 0);
    putNumber(view, at, FutexWaitv.fields.uaddr, address);
    putNumber(view, at, FutexWaitv.fields.flags, FUTEX_32);
  }

  #check(error: number): void {
    // A sandbox that does not know the call answers EPERM rather than ENOSYS.
    if (error === Errno.ENOSYS || error === Errno.EPERM) this.#supported = false;
    else if (error !== Errno.EAGAIN && error !== Errno.ETIMEDOUT && error !== Errno.EINTR) {
      throw new Error(`futex_waitv failed with errno ${error}`);
    }
  }

  #nap(): void {
    func("int usleep(unsigned int microseconds)")(lookMs * 1000);
  }
}
