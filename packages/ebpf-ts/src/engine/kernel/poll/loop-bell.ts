import type { RingBell } from "../../../ring/ring-memory.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { loopWatches, type LoopWatch, UV_READABLE, UV_WRITABLE, watchByLoop } from "../../../sys/poll/event-loop.ts";
import { Errno } from "../../../uapi/errno.ts";
import { check } from "../failure.ts";

/** What a bell tells of: data to read, room to write, or data in the rings of perf events. */
export type BellKind = "in" | "out" | "perf";

/** How often a bell rings in vain before the loop stops watching. */
const ringsInVain: Readonly<Record<BellKind, number>> = { in: 1, out: 1, perf: 8 };

/**
 * A bell that the event loop itself rings: libuv has the descriptors of its rings in its own epoll. Undefined where this thread has no such loop,
 * or it does not take them.
 *
 * ```text
 *   arm()       nothing but a flag, while the loop watches       or uv_poll_start
 *   the loop    epoll_wait ──► armed: onRing()
 *                          └─► nobody waits: uv_poll_stop, until somebody does
 * ```
 * The loop asks anew in each of its turns whether a ring is ready (level-triggered), and forgets it when it is not. So one that is emptied in the
 * turn in which it rang, as most are, is armed again without a system call. One that is left as it is while its reader does something else would ring
 * in every turn: at the first such ring the loop stops watching, and when it starts again, it asks the kernel what came meanwhile.
 *
 * Between a reader's last look and `arm()` nothing is lost either: what is committed then wakes the epoll, since the reader published its position
 * before it looked.
 *
 * A perf event's ring tells but once that it has something, and forgets it as it tells (perf_poll in kernel/events/core.c). So whoever arms the bell
 * looks behind that at what came before. And what came before the loop had the ring in its epoll was told to epoll_ctl, which asks as epoll_wait does:
 * therefore the bell rings of itself once it is there, whether anything came or not. Since that is not to be all the time, some rings in vain do not stop it:
 * they are no more than there were wake-ups.
 */
export function openLoopBell(
  sys: Sys,
  fds: readonly number[],
  kind: BellKind,
  onRing: () => void,
): RingBell | undefined {
  if (!loopWatches()) return undefined;
  const bell = new LoopBell(kind, onRing);
  try {
    if (fds.every((fd) => bell.watch(sys, fd))) return bell;
  } catch (error) {
    bell.close();
    throw error;
  }
  bell.close();
  return undefined;
}

class LoopBell implements RingBell {
  readonly #kind: BellKind;
  readonly #onRing: () => void;
  readonly #watched: Descriptor[] = [];
  readonly #watches: LoopWatch[] = [];
  /** Those that the loop does not watch for now. */
  readonly #stopped = new Set<LoopWatch>();
  #open = true;
  #armed = false;
  /** Since it was armed. */
  #inVain = 0;

  constructor(kind: BellKind, onRing: () => void) {
    this.#kind = kind;
    this.#onRing = onRing;
  }

  /** One ring more; false where the loop does not take it. */
  watch(sys: Sys, fd: number): boolean {
    // A number of its own: libuv takes each but once, and the map may be closed first.
    const watched = new Descriptor(check(sys.duplicate(fd), "watch a ring", "fcntl"), "a bell");
    this.#watched.push(watched);
    const events = this.#kind === "out" ? UV_WRITABLE : UV_READABLE;
    const watch: LoopWatch | undefined = watchByLoop(watched.fd, () => this.#onReady(watch!), events);
    if (watch === undefined) return false;
    this.#watches.push(watch);
    this.#onStarted();
    return true;
  }

  arm(): void {
    if (this.#armed || !this.#open) return;
    if (this.#stopped.size > 0) this.#startAgain();
    this.#inVain = 0;
    this.#setArmed(true);
  }

  close(): void {
    this.#open = false;
    this.#setArmed(false);
    for (const watch of this.#watches.splice(0)) watch.close();
    for (const watched of this.#watched.splice(0)) watched.close();
  }

  #onReady(watch: LoopWatch): void {
    if (this.#armed) return this.#ring();
    this.#inVain += 1;
    if (!this.#open || this.#inVain < ringsInVain[this.#kind]) return;
    watch.stop();
    this.#stopped.add(watch);
  }

  #ring(): void {
    this.#setArmed(false);
    this.#onRing();
  }

  #startAgain(): void {
    for (const watch of this.#stopped) {
      check(watch.start() ? 0 : -Errno.ENOMEM, "watch a ring", "uv_poll_start");
      this.#stopped.delete(watch);
    }
    this.#onStarted();
  }

  #onStarted(): void {
    if (this.#kind === "perf") inNextTurn(this.#onTurn);
  }

  /** libuv adds to its epoll when it next waits there: before the first of two turns, or between them. */
  readonly #onTurn = (): void => {
    inNextTurn(this.#onWatched);
  };

  readonly #onWatched = (): void => {
    if (this.#armed) this.#ring();
  };

  #setArmed(armed: boolean): void {
    if (this.#armed === armed) return;
    this.#armed = armed;
    holdProcess(armed);
  }
}

/** Those that were there first: tests put others in their place for a while, and what is made of those is no timer of the loop. */
const [every, inNextTurn]: [typeof setInterval, typeof setImmediate] = [setInterval, setImmediate];

let held = 0;
let keepAlive: ReturnType<typeof setInterval> | undefined;

/**
 * An armed bell keeps the process alive, as a listening socket does: by a timer that is never due, which is held and let go without a call of C,
 * as uv_ref would be for each wake-up.
 */
function holdProcess(hold: boolean): void {
  held += hold ? 1 : -1;
  keepAlive ??= every(() => {}, 2 ** 31 - 1);
  if (held === 0) keepAlive.unref();
  else if (hold && held === 1) keepAlive.ref();
}
