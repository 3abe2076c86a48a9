import { Errno } from "../../uapi/errno.ts";
import { monotonicMs } from "../process/clock.ts";
import { type Futex, FutexWait, putTime } from "./futex.ts";
import { errno, func } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { pinned } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";
import { syscallNumbers } from "../ffi/syscall-numbers.ts";
import { putNumber } from "../../uapi/fields.ts";
import { Clock } from "../../uapi/uapi.gen.ts";
import { FutexWaitv, Timespec } from "../../uapi/structs.gen.ts";

/** FUTEX_WAITV_MAX */
export const futexVectorLimit = 128;

const FUTEX_32 = 2;
/** How often the words are looked at where the kernel cannot wait for several. */
const lookMs = 1;

interface Watched {
  readonly token: number;
  readonly address: number;
  readonly last: number;
}

/**
 * Many futexes that one thread waits for (futex_waitv(2), Linux 5.16; on an older kernel it looks at them every millisecond), and a
 * word of its own, by which it is told to do something else.
 *
 * The others are given by address, since another thread has them. That one may be ended at any moment, and its memory be gone before
 * this thread is: Deno ends them in that order. So they are never read here, the kernel looks at them.
 */
export class FutexVector {
  readonly #control: Futex;
  readonly #watched: Watched[] = [];
  readonly #entries: Pinned = pinned(futexVectorLimit * FutexWaitv.size);
  readonly #time = new KernelStruct(Timespec);
  readonly #wait: FutexWait = new FutexWait();
  #supported = true;

  constructor(control: Futex) {
    this.#control = control;
  }

  /** To be told once, when the word is not `last` any more. At most one less than {@link futexVectorLimit}. */
  add(token: number, address: number, last: number): void {
    this.#watched.push({ token, address, last });
  }

  remove(token: number): void {
    const at = this.#watched.findIndex((watched) => watched.token === token);
    if (at >= 0) this.#watched.splice(at, 1);
  }

  /**
   * Blocks until one of the words has changed, or the control word is not `last`, for that many milliseconds at most, or for no reason.
   * Gives the tokens of those that have changed, which are not waited for any more; others may have as well.
   */
  wait(last: number, timeoutMs: number): readonly number[] {
    if (!this.#supported) return this.#nap();
    this.#put(0, this.#control.address, last);
    this.#watched.forEach((watched, index) => this.#put(index + 1, watched.address, watched.last));
    // The timeout is a time of day, unlike that of FUTEX_WAIT.
    putTime(this.#time, monotonicMs() + timeoutMs);
    const wait = func("long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e)");
    const { futexWaitv } = syscallNumbers();
    const count = this.#watched.length + 1;
    const result = wait(futexWaitv, this.#entries.address, count, 0, this.#time.address, Clock.MONOTONIC);
    if (result < 0) return this.#check(errno());
    return result === 0 ? [] : this.#watched.splice(result - 1, 1).map(({ token }) => token);
  }

  #put(index: number, address: number, last: number): void {
    const { view } = this.#entries;
    const at = index * FutexWaitv.size;
    putNumber(view, at, FutexWaitv.fields.val, last >>> 0);
    putNumber(view, at, FutexWaitv.fields.uaddr, address);
    putNumber(view, at, FutexWaitv.fields.flags, FUTEX_32);
  }

  #check(error: number): readonly number[] {
    if (error === Errno.ETIMEDOUT || error === Errno.EINTR) return [];
    if (error === Errno.EAGAIN || error === Errno.EFAULT) return this.#changed();
    // A sandbox that does not know the call answers EPERM rather than ENOSYS.
    if (error !== Errno.ENOSYS && error !== Errno.EPERM) throw new Error(`futex_waitv failed with errno ${error}`);
    this.#supported = false;
    return this.#nap();
  }

  #nap(): readonly number[] {
    func("int usleep(unsigned int microseconds)")(lookMs * 1000);
    return this.#changed();
  }

  /** Takes them out, and those whose memory is gone. */
  #changed(): readonly number[] {
    const all = this.#watched.splice(0).map((watched) => ({
      watched,
      now: this.#wait.look(watched.address, watched.last),
    }));
    this.#watched.push(...all.filter(({ now }) => now === "same").map(({ watched }) => watched));
    return all.filter(({ now }) => now === "changed").map(({ watched }) => watched.token);
  }
}
