import { Worker } from "node:worker_threads";
import { EbpfError } from "../../errors.ts";
import type { RingBell } from "../../ring/ring-memory.ts";
import { Descriptor } from "../../sys/descriptor.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EpollWaiter,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from "../../sys/epoll.ts";
import type { Sys } from "../../sys/sys.ts";
import { check } from "./failure.ts";

/**
 * One epoll and one thread for all rings of the process.
 *
 * ```text
 *   main thread   bell.arm(): epoll_ctl MOD ──► epoll ──► epoll_wait   poller-worker.ts
 *                 onRing()  ◄──────────────── token by postMessage ◄──┘
 * ```
 * A bell is one-shot: it is disarmed when it rings. Arming checks the condition in the kernel (level-triggered), so that
 * what came between the last look at the ring and `arm()` still rings. A thread takes some 50 ms to start, enough for a
 * fast program to fill its ring: until it waits, the main thread looks by the clock.
 */
export interface PollerThreadData {
  readonly epoll: number;
  readonly stopToken: number;
}

const STOP_TOKEN = 0;
const eventsAtOnce = 64;
/** Between two looks of the main thread, in milliseconds. */
const lookMs = 1;

interface Bell {
  readonly onRing: () => void;
  armed: boolean;
}

let current: Poller | undefined;
/** Never used twice in a process, so that a message about a bell that is gone cannot ring another one. */
let lastToken = STOP_TOKEN;

/**
 * A thread that blocks in a system call cannot be terminated: at the end of the process it is woken instead. One listener for all,
 * since pollers come and go with the loops, and there may be many whose thread has not ended yet.
 */
const wakes = new Set<() => void>();
const wakeAll = (): void => {
  for (const wake of wakes) wake();
};

/** A bell for the map behind `fd`: `in` rings when there is data to read, `out` when there is room to write. */
export function openBell(sys: Sys, fd: number, direction: "in" | "out", onRing: () => void): RingBell {
  current ??= new Poller(sys);
  return current.add(fd, direction === "in" ? EPOLLIN : EPOLLOUT, onRing);
}

class Poller {
  readonly #sys: Sys;
  readonly #epoll: Descriptor;
  readonly #stop: Descriptor;
  readonly #bells = new Map<number, Bell>();
  readonly #worker: Worker;
  readonly #wake = (): void => this.#sys.signal(this.#stop.fd);
  readonly #waiter: EpollWaiter;
  #armed = 0;
  /** Whether the thread waits, so that nobody else needs to look. */
  #threadWaits = false;
  #nextLook: ReturnType<typeof setTimeout> | undefined;

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#epoll = new Descriptor(check(sys.epollCreate(), "create an epoll", "epoll_create1"), "the poller");
    this.#waiter = new EpollWaiter(this.#epoll.fd, eventsAtOnce);
    this.#stop = new Descriptor(check(sys.eventfd(), "create an eventfd", "eventfd2"), "the poller's stop signal");
    check(
      sys.epollControl(this.#epoll.fd, EPOLL_CTL_ADD, this.#stop.fd, EPOLLIN, STOP_TOKEN),
      "watch an eventfd",
      "epoll_ctl",
    );
    this.#worker = this.#start();
  }

  add(fd: number, events: number, onRing: () => void): RingBell {
    // A number of its own: two bells of one ring are two entries, and the map may be closed first.
    const watched = new Descriptor(check(this.#sys.duplicate(fd), "watch a ring", "fcntl"), "a bell");
    const token = ++lastToken;
    const bell: Bell = { onRing, armed: false };
    this.#control(EPOLL_CTL_ADD, watched, 0, token);
    this.#bells.set(token, bell);
    return {
      arm: () => {
        if (bell.armed || !watched.isOpen) return;
        this.#setArmed(bell, true);
        this.#control(EPOLL_CTL_MOD, watched, events | EPOLLONESHOT, token);
      },
      close: () => {
        if (!watched.isOpen) return;
        this.#control(EPOLL_CTL_DEL, watched, 0, token);
        watched.close();
        this.#remove(token, bell);
      },
    };
  }

  #control(operation: number, watched: Descriptor, events: number, token: number): void {
    check(this.#sys.epollControl(this.#epoll.fd, operation, watched.fd, events, token), "watch a ring", "epoll_ctl");
  }

  /** An armed bell keeps the process alive, as a listening socket does. */
  #setArmed(bell: Bell, armed: boolean): void {
    if (bell.armed === armed) return;
    bell.armed = armed;
    this.#armed += armed ? 1 : -1;
    if (this.#armed === 0) this.#worker.unref();
    else if (armed && this.#armed === 1) this.#worker.ref();
    this.#planLook();
  }

  /** While the thread starts, and somebody waits for it. */
  #planLook(): void {
    if (this.#threadWaits || this.#armed === 0) {
      clearTimeout(this.#nextLook);
      this.#nextLook = undefined;
    } else {
      this.#nextLook ??= setTimeout(this.#look, lookMs);
    }
  }

  readonly #look = (): void => {
    this.#nextLook = undefined;
    const count = this.#waiter.wait(0);
    const tokens = Array.from({ length: Math.max(count, 0) }, (_, index) => this.#waiter.token(index));
    for (const token of tokens) this.#ring(token);
    this.#planLook();
  };

  #onMessage(token: number): void {
    if (token !== STOP_TOKEN) return this.#ring(token);
    this.#threadWaits = true;
    this.#planLook();
  }

  #ring(token: number): void {
    const bell = this.#bells.get(token);
    if (bell === undefined || !bell.armed) return;
    this.#setArmed(bell, false);
    bell.onRing();
  }

  #remove(token: number, bell: Bell): void {
    this.#setArmed(bell, false);
    this.#bells.delete(token);
    if (this.#bells.size > 0) return;
    if (current === this) current = undefined;
    this.#wake();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const data: PollerThreadData = { epoll: this.#epoll.fd, stopToken: STOP_TOKEN };
    const worker = new Worker(new URL(`./poller-worker.${extension}`, import.meta.url), {
      name: "ebpf-ts poller",
      workerData: data,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    worker.on("message", (token: number) => this.#onMessage(token));
    worker.on("error", (cause) => {
      throw new EbpfError(
        "SYSCALL",
        "The thread that waits for rings has ended: loops over their events would wait for ever",
        { cause },
      );
    });
    if (wakes.size === 0) process.on("exit", wakeAll);
    wakes.add(this.#wake);
    worker.on("exit", () => {
      this.#threadWaits = true;
      this.#planLook();
      wakes.delete(this.#wake);
      if (wakes.size === 0) process.off("exit", wakeAll);
      this.#epoll.close();
      this.#stop.close();
    });
    worker.unref();
    return worker;
  }
}
