import type { RingBell } from "../../../ring/ring-memory.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { UV_WRITABLE, watchByLoop } from "../../../sys/poll/event-loop.ts";
import { Errno } from "../../../uapi/errno.ts";
import { check } from "../failure.ts";

/**
 * A bell that the event loop itself rings: libuv has the ring's descriptor in its own epoll.
 *
 * ```text
 *   arm()       nothing but a flag, while the loop watches       or uv_poll_start
 *   the loop    epoll_wait ──► armed: onRing()
 *                          └─► nobody waits: uv_poll_stop, until somebody does
 * ```
 * The loop asks anew in each of its turns whether the ring is ready (level-triggered), and forgets it when it is not. So one that is emptied in the
 * turn in which it rang, as most are, is armed again without a system call. One that is left as it is while its reader does something else would ring
 * in every turn: at the first such ring the loop stops watching, and when it starts again, it asks the kernel what came meanwhile.
 *
 * Between a reader's last look and `arm()` nothing is lost either: what is committed then wakes the epoll, since the reader published its position
 * before it looked.
 */
export function openLoopBell(sys: Sys, fd: number, direction: "in" | "out", onRing: () => void): RingBell | undefined {
  // A number of its own: libuv takes each but once, and the map may be closed first.
  const watched = new Descriptor(check(sys.duplicate(fd), "watch a ring", "fcntl"), "a bell");
  let armed = false;
  let watching = true;
  const setArmed = (now: boolean): void => {
    if (armed === now) return;
    armed = now;
    holdProcess(now);
  };
  const onReady = (): void => {
    if (armed) {
      setArmed(false);
      onRing();
    } else {
      watching = false;
      watch?.stop();
    }
  };
  const watch = watchByLoop(watched.fd, onReady, direction === "out" ? UV_WRITABLE : undefined);
  if (watch === undefined) {
    watched.close();
    return undefined;
  }
  return {
    arm: () => {
      if (armed || !watched.isOpen) return;
      if (!watching) {
        check(watch.start() ? 0 : -Errno.ENOMEM, "watch a ring", "uv_poll_start");
        watching = true;
      }
      setArmed(true);
    },
    close: () => {
      if (!watched.isOpen) return;
      setArmed(false);
      watch.close();
      watched.close();
    },
  };
}

let held = 0;
let keepAlive: ReturnType<typeof setInterval> | undefined;

/**
 * An armed bell keeps the process alive, as a listening socket does: by a timer that is never due, which is held and let go without a call of C,
 * as uv_ref would be for each wake-up.
 */
function holdProcess(hold: boolean): void {
  held += hold ? 1 : -1;
  keepAlive ??= setInterval(() => {}, 2 ** 31 - 1);
  if (held === 0) keepAlive.unref();
  else if (hold && held === 1) keepAlive.ref();
}
