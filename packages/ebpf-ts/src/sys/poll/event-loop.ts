import { atExit } from "../../host/at-exit.ts";
import { isExiting, onDefaultLoop } from "../../host/this-process.ts";
import { callback, func, type NativeFunction, ownFunctions } from "../ffi/libc.ts";

/**
 * The event loop's own poller: libuv's, in the process itself. A descriptor that it watches wakes the main thread as a socket does, without
 * another thread in between.
 *
 * ```text
 *   uv_poll_init, uv_poll_start      libuv adds the descriptor to its epoll
 *   onPoll (C calls it)              nothing but setImmediate: promises are not settled behind a callback of C, and what it threw would
 *                                    come out of whichever call of the system is next
 *   setImmediate                     onReadable, in the same turn of the loop
 * ```
 * A handle is closed before its descriptor, else libuv ends the process; its memory is C's, and is freed when libuv has let go of it, a
 * turn later. None is open when the process ends: a callback of C in the middle of the end ends it by a signal.
 */
const declarations = {
  loop: "intptr_t uv_default_loop()",
  size: "size_t uv_handle_size(int type)",
  init: "int uv_poll_init(intptr_t loop, intptr_t handle, int fd)",
  start: "int uv_poll_start(intptr_t handle, int events, void *callback)",
  hold: "void uv_ref(intptr_t handle)",
  release: "void uv_unref(intptr_t handle)",
  close: "void uv_close(intptr_t handle, intptr_t none)",
};
const UV_POLL = 8;
const UV_READABLE = 1;

/** A descriptor that the event loop watches. */
export interface LoopWatch {
  /** Whether it keeps the process alive. */
  hold(held: boolean): void;
  /** To be called before the descriptor is closed. Idempotent. */
  close(): void;
}

interface Libuv extends Readonly<Record<keyof typeof declarations, NativeFunction>> {
  readonly onPoll: bigint;
}

let libuv: Libuv | undefined | "none";
/** By the address of their handles. */
const watches = new Map<number, () => void>();

/**
 * Calls back while `fd` is readable, once in a turn of the loop, and does not keep the process alive unless held. Undefined where this thread
 * has no such loop, or it does not take the descriptor.
 */
export function watchByLoop(fd: number, onReadable: () => void): LoopWatch | undefined {
  if (!onDefaultLoop || isExiting()) return undefined;
  libuv ??= findLibuv() ?? "none";
  if (libuv === "none") return undefined;
  const uv = libuv;
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
    watches.delete(handle);
    uv.close(handle, 0);
    // libuv lets go of it at the end of this turn; where no other comes, the process ends.
    setImmediate(() => setImmediate(free).unref()).unref();
  };
  const forget = atExit(close);
  watches.set(handle, () => {
    if (open) onReadable();
  });
  if (uv.start(handle, UV_READABLE, uv.onPoll as never) < 0) {
    close();
    return undefined;
  }
  return {
    hold: (held) => {
      if (open) (held ? uv.hold : uv.release)(handle);
    },
    close,
  };
}

function findLibuv(): Libuv | undefined {
  const functions = ownFunctions(declarations);
  if (functions === undefined) return undefined;
  const due = new Set<number>();
  const onPoll = callback("void onPoll(intptr_t handle, int status, int events)", (handle) => {
    if (due.has(handle!)) return;
    due.add(handle!);
    setImmediate(() => {
      due.delete(handle!);
      watches.get(handle!)?.();
    });
  });
  return { ...functions, onPoll };
}
