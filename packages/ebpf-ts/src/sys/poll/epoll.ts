import { architecture } from "../../host/this-process.ts";
import { errno, func, type NativeFunction } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { pinned, type Pinned } from "../ffi/pinned.ts";
import { u64At } from "../../uapi/fields.ts";
import { EpollEventArm64, EpollEventX64 } from "../../uapi/structs.gen.ts";

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLONESHOT = 0x4000_0000;

const EpollEvent = architecture === "x64" ? EpollEventX64 : EpollEventArm64;
const { data } = EpollEvent.fields;

let event: KernelStruct<typeof EpollEvent> | undefined;

/** epoll_ctl(2). `token` is any number below 2^53: what is gone can be told from what came in its place. */
export function epollControl(epoll: number, operation: number, fd: number, events: number, token: number): number {
  event ??= new KernelStruct(EpollEvent);
  event.putU32(EpollEvent.fields.events, events).putU64(data, token);
  const result = func("int epoll_ctl(int epoll, int operation, int fd, intptr_t event)")(
    epoll,
    operation,
    fd,
    event.address,
  );
  return result < 0 ? -errno() : result;
}

/** epoll_wait(2), which blocks the thread that it is called on. All is looked up beforehand: see poll.ts. */
export class EpollWaiter {
  readonly #epoll: number;
  readonly #limit: number;
  readonly #events: Pinned;
  readonly #wait: NativeFunction;

  constructor(epoll: number, limit: number) {
    this.#epoll = epoll;
    this.#limit = limit;
    this.#events = pinned(limit * EpollEvent.size);
    this.#wait = func("int epoll_wait(int epoll, intptr_t events, int limit, int timeout)");
  }

  /** How many events there are, 0 after `timeout` milliseconds, or the negative errno. */
  wait(timeout: number): number {
    const count = this.#wait(this.#epoll, this.#events.address, this.#limit, timeout);
    return count < 0 ? -errno() : count;
  }

  /** Token of the event at `index` of the last wait. */
  token(index: number): number {
    return u64At(this.#events.view, index * EpollEvent.size, data);
  }
}
