import { atExit } from "../../host/at-exit.ts";
import { isExiting, onDefaultLoop } from "../../host/this-process.ts";
import { callback, func, type NativeFunction, ownFunctions } from "../ffi/libc.ts";

/**
 * The event loop's own poller: libuv's, in the process itself. A descriptor that it watches wakes the main thread as a socket does, without
 * another thread in between.
 *
 * ```text
 *   uv_poll_init, uv_poll_start      libuv adds the descriptor to its epoll, where it stays until uv_poll_stop
 *   onPoll (C calls it)              nothing but setImmediate: promises are not settled behind a callback of C, and what it threw would
 *                                    come out of whichever call of the system is next
 *   setImmediate                     onReady, in the same turn of the loop
 * ```
 * A handle is closed before its descriptor, else libuv ends the process; its memory is C's, and is freed when libuv has let go of it, a
 * turn later. None is open when the process ends: a callback of C in the middle of the end ends it by a signal.
 */
const declarations = {
  loop: "intptr_t uv_default_loop()",
  size: "size_t uv_handle_size(int type)",
  init: "int uv_poll_init(intptr_t loop, intptr_t handle, int fd)",
  start: "int uv_poll_start(intptr_t handle, int events, void *callback)",
  stop: "int uv_poll_stop(intptr_t handle)",
  hold: "void uv_ref(intptr_t handle)",
  release: "void uv_unref(intptr_t handle)",
  close: "void uv_close(intptr_t handle, intptr_t none)",
};
const UV_POLL = 8;
export const UV_READABLE = 1;
export const UV_WRITABLE = 2;

/** A descriptor that the event loop watches. */
export interface LoopWatch {
  /** Not any more, for now. */
  stop(): void;
  /** Again; what is ready already counts. False where the system refuses. */
  start(): boolean;
  /** Whether it keeps the process alive. */
  hold(held: boolean): void;
  /** To be called before the descriptor is closed. Idempotent. */
  close(): void;
}

interface Libuv extends Readonly<Record<keyof typeof declarations, NativeFunction>> {
  readonly onPoll: bigint;
}

/** Whom a handle of libuv's tells, and whether that is already to happen in this turn. */
interface Listener {
  due: boolean;
  readonly tell: () => void;
}

let libuv: Libuv | undefined | "none";

/** The one that was there first: tests put others in its place for a while, in which loops have to go on. */
const afterPolling: typeof setImmediate = setImmediate;

/** By the address of their handles. */
const listeners = new Map<number, Listener>();

/** Whether this thread has such a loop, and the process can be asked for it. */
export function loopWatches(): boolean {
  return ownLoop() !== undefined;
}

/**
 * Calls back while `fd` is readable, or writable, once in a turn of the loop, and does not keep the process alive unless held. Undefined where
 * this thread has no such loop, or it does not take the descriptor.
 */
export function watchByLoop(fd: number, onReady: () => void, events: number = UV_READABLE): LoopWatch | undefined {
  const uv = isExiting() ? undefined : ownLoop();
  if (uv === undefined) return undefined;
  const handle = func("intptr_t calloc(size_t count, size_t size)")(1, uv.size(UV_POLL));
  if (handle === 0) return undefined;
  const free = (): void => void func("void free(intptr_t memory)")(handle);
  if (uv.init(uv.loop(), handle, fd) < 0) {
    free();
    return undefined;
  }
  uv.release(handle);
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    forget();
    listeners.delete(handle);
    uv.close(handle, 0);
    // libuv lets go of it at the end of this turn; where no other comes, the process ends.
    afterPolling(() => afterPolling(free).unref()).unref();
  };
  const forget = atExit(close);
  const listener: Listener = {
    due: false,
    tell: () => {
      listener.due = false;
      if (open) onReady();
    },
  };
  listeners.set(handle, listener);
  const start = (): boolean => open && uv.start(handle, events, uv.onPoll as never) >= 0;
  if (!start()) {
    close();
    return undefined;
  }
  return {
    start,
    stop: () => {
      if (open) uv.stop(handle);
    },
    hold: (held) => {
      if (open) (held ? uv.hold : uv.release)(handle);
    },
    close,
  };
}

function ownLoop(): Libuv | undefined {
  if (!onDefaultLoop) return undefined;
  libuv ??= findLibuv() ?? "none";
  return libuv === "none" ? undefined : libuv;
}

function findLibuv(): Libuv | undefined {
  const functions = ownFunctions(declarations);
  if (functions === undefined) return undefined;
  // No name: koffi's names of types are the process's, where another copy of this library may be. Of C's three arguments the first is
  // enough: each is a value to be made, by code that has gone cold before each wake-up.
  const onPoll = callback("void (intptr_t handle)", (handle) => {
    const listener = listeners.get(handle!);
    if (listener === undefined || listener.due) return;
    listener.due = true;
    afterPolling(listener.tell);
  });
  return onPoll === undefined ? undefined : { ...functions, onPoll };
}
