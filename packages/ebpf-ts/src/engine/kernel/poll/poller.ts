import type { RingBell } from "../../../ring/ring-memory.ts";
import { EbpfError } from "../../../base/errors.ts";
import { yieldTurn } from "../../../base/yield-turn.ts";
import { warnOnce } from "../../../host/reporters.ts";
import type { Thread } from "../../../host/threads/threads.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EpollWaiter,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from "../../../sys/poll/epoll.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { loopWatches } from "../../../sys/poll/event-loop.ts";
import { check } from "../failure.ts";
import { joinBells, type PartBell } from "./join-bells.ts";
import { type BellKind, openLoopBell } from "./loop-bell.ts";
import { startPollerThread } from "./poller-thread.ts";

/**
 * One epoll for all rings that the event loop does not watch by itself (loop-bell.ts), and a thread that waits at it: in worker threads, on Bun and
 * Deno.
 *
 * ```text
 *   main thread   bell.arm(): epoll_ctl MOD ──► epoll ──► epoll_wait           ebpf-poller-worker.ts
 *                 onRing()  ◄──────────────── token by postMessage ◄──┘
 * ```
 * A bell is one-shot: it is disarmed when it rings. Arming checks the condition in the kernel (level-triggered), so that
 * what came between the last look at the ring and `arm()` still rings. The thread is told the stop token first, and answers when it
 * waits; it takes some 50 ms for that, enough for a fast program to fill its ring. Until then the main thread looks by the clock. So it
 * does when the thread cannot be started (it takes descriptors and memory), or has died, until another one waits.
 */
const STOP_TOKEN = 0;
const eventsAtOnce = 64;
/** Between two looks of the main thread, in milliseconds. */
const lookMs = 1;
/** Between two tries to start the thread. */
const restartMs = 1000;

interface Bell {
  readonly watched: Descriptor;
  readonly events: number;
  readonly onRing: () => void;
  armed: boolean;
  /** Whether the epoll tells of it: also where nobody waits any more. */
  listening: boolean;
}

let current: Poller | undefined;
/** Never used twice in a process, so that a message about a bell that is gone cannot ring another one. */
let lastToken = STOP_TOKEN;

/**
 * A bell for the rings behind `fds`, which rings when one of them has what its kind tells of. The event loop rings it where it can. Where it is one of
 * the thread's, what came to a perf event's ring is forgotten as it is asked for (see loop-bell.ts), too: whoever arms it looks behind that.
 */
export function openBell(sys: Sys, fds: readonly number[], kind: BellKind, onRing: () => void): RingBell {
  return (
    openLoopBell(sys, fds, kind, onRing) ?? joinBells(fds, (fd, ring) => openThreadBell(sys, fd, kind, ring), onRing)
  );
}

function openThreadBell(sys: Sys, fd: number, kind: BellKind, onRing: () => void): PartBell {
  current ??= new Poller(sys);
  const poller = current;
  try {
    return poller.add(fd, kind === "out" ? EPOLLOUT : EPOLLIN, onRing);
  } finally {
    poller.endIfIdle();
  }
}

/**
 * Resolves when somebody waits for rings, and keeps them until what it gives is called (idempotent): for a process that could not start a thread
 * later. Where there can be none, the main thread looks by the clock as ever.
 */
export async function keepPoller(sys: Sys): Promise<() => void> {
  if (loopWatches()) return () => {};
  current ??= new Poller(sys);
  return current.keep();
}

class Poller {
  readonly #sys: Sys;
  readonly #epoll: Descriptor;
  readonly #stop: Descriptor;
  readonly #bells = new Map<number, Bell>();
  readonly #waiter: EpollWaiter;
  #thread: Thread<never> | undefined;
  #armed = 0;
  /** Whether the thread waits, so that nobody needs to look by the clock. */
  #waits = false;
  #nextLook: ReturnType<typeof setTimeout> | undefined;
  #nextStart = 0;
  /** Who wants a thread without having a bell. */
  readonly #keepers = new Set<object>();
  /** Called when the thread waits, or is gone. */
  readonly #onWaiting: (() => void)[] = [];

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#epoll = new Descriptor(check(sys.epollCreate(), "create an epoll", "epoll_create1"), "the poller");
    this.#waiter = new EpollWaiter(this.#epoll.fd, eventsAtOnce);
    try {
      this.#stop = this.#openStop();
    } catch (error) {
      this.#epoll.close();
      throw error;
    }
  }

  add(fd: number, events: number, onRing: () => void): PartBell {
    // A number of its own: two bells of one ring are two entries, and the map may be closed first.
    const watched = new Descriptor(check(this.#sys.duplicate(fd), "watch a ring", "fcntl"), "a bell");
    const token = ++lastToken;
    const bell: Bell = { watched, events, onRing, armed: false, listening: false };
    this.#watch(watched, 0, token);
    this.#bells.set(token, bell);
    this.#start();
    return {
      arm: () => {
        if (bell.armed || !watched.isOpen) return;
        if (!bell.listening) this.#listen(bell, token);
        this.#setArmed(bell, true);
      },
      letGo: () => this.#setArmed(bell, false),
      close: () => {
        if (!watched.isOpen) return;
        // Never fails for what was added; other copies of the number keep the entry alive unless it is taken out.
        this.#sys.epollControl(this.#epoll.fd, EPOLL_CTL_DEL, watched.fd, 0, token);
        watched.close();
        this.#setArmed(bell, false);
        this.#bells.delete(token);
        this.endIfIdle();
      },
    };
  }

  async keep(): Promise<() => void> {
    const keeper = {};
    this.#keepers.add(keeper);
    this.#start();
    if (this.#thread !== undefined && !this.#waits) {
      this.#hold(true);
      await new Promise<void>((resolve) => this.#onWaiting.push(resolve));
      this.#hold(this.#armed > 0);
    }
    return () => {
      if (this.#keepers.delete(keeper)) this.endIfIdle();
    };
  }

  /** The last bell is gone: the next one starts anew. What is open is closed once the thread has ended. */
  endIfIdle(): void {
    if (this.#isWanted) return;
    if (current === this) current = undefined;
    if (this.#thread === undefined) this.#close();
    else this.#wake();
  }

  /** Whoever waits keeps the process alive, or does not. */
  #hold(held: boolean): void {
    this.#thread?.hold(held);
  }

  get #isWanted(): boolean {
    return this.#bells.size > 0 || this.#keepers.size > 0;
  }

  #openStop(): Descriptor {
    const fd = check(this.#sys.eventfd(), "create an eventfd", "eventfd2");
    const stop = new Descriptor(fd, "the poller's stop signal");
    this.#watch(stop, EPOLLIN, STOP_TOKEN);
    return stop;
  }

  /** Closes what cannot be watched. */
  #watch(descriptor: Descriptor, events: number, token: number): void {
    try {
      this.#control(EPOLL_CTL_ADD, descriptor, events, token);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  #control(operation: number, watched: Descriptor, events: number, token: number): void {
    check(this.#sys.epollControl(this.#epoll.fd, operation, watched.fd, events, token), "watch a ring", "epoll_ctl");
  }

  #listen(bell: Bell, token: number): void {
    this.#control(EPOLL_CTL_MOD, bell.watched, bell.events | EPOLLONESHOT, token);
    bell.listening = true;
  }

  readonly #wake = (): void => {
    if (this.#stop.isOpen) this.#sys.signal(this.#stop.fd);
  };

  #close(): void {
    this.#epoll.close();
    this.#stop.close();
  }

  /** An armed bell keeps the process alive, as a listening socket does. */
  #setArmed(bell: Bell, armed: boolean): void {
    if (bell.armed === armed) return;
    bell.armed = armed;
    this.#armed += armed ? 1 : -1;
    if (this.#armed === 0) this.#hold(false);
    else if (armed && this.#armed === 1) this.#hold(true);
    this.#planLook();
  }

  /** While somebody waits, and no thread does. */
  #planLook(): void {
    if (this.#waits || this.#armed === 0) {
      clearTimeout(this.#nextLook);
      this.#nextLook = undefined;
    } else {
      this.#nextLook ??= setTimeout(this.#onClock, lookMs);
    }
  }

  readonly #onClock = (): void => {
    this.#nextLook = undefined;
    const tokens = this.#look();
    // That this thread can look says nothing of the one that is to wait: it is asked again.
    if (tokens.includes(STOP_TOKEN)) this.#control(EPOLL_CTL_MOD, this.#stop, EPOLLIN | EPOLLONESHOT, STOP_TOKEN);
    this.#tell(tokens.filter((token) => token !== STOP_TOKEN));
    if (this.#armed > 0) this.#start();
    this.#planLook();
  };

  /** Tokens of bells that have rung. What is more than the buffer holds is found by the next look. */
  #look(): number[] {
    const count = Math.max(this.#waiter.wait(0), 0);
    return Array.from({ length: count }, (_, index) => this.#waiter.token(index));
  }

  /** What one of them throws keeps nothing from the others. */
  #tell(tokens: readonly number[]): void {
    for (const [index, token] of tokens.entries()) {
      try {
        this.#onToken(token);
      } catch (error) {
        yieldTurn(() => this.#tell(tokens.slice(index + 1)));
        throw error;
      }
    }
  }

  #onToken(token: number): void {
    if (token !== STOP_TOKEN) return this.#ring(token);
    this.#waits = true;
    this.#tellOfWaiting();
    this.#planLook();
  }

  #tellOfWaiting(): void {
    for (const tell of this.#onWaiting.splice(0)) tell();
  }

  #ring(token: number): void {
    const bell = this.#bells.get(token);
    if (bell === undefined) return;
    bell.listening = false;
    if (!bell.armed) return;
    this.#setArmed(bell, false);
    bell.onRing();
  }

  #start(): void {
    if (this.#thread !== undefined || performance.now() < this.#nextStart) return;
    try {
      this.#thread = startPollerThread({
        data: { epoll: this.#epoll.fd, stopToken: STOP_TOKEN },
        wake: this.#wake,
        onToken: (token) => this.#onToken(token),
        onEnd: () => this.#onThreadEnd(),
      });
      this.#thread.hold(this.#armed > 0);
    } catch (error) {
      // A shortage passes.
      if (error instanceof EbpfError && error.code === "NOT_FOUND") warnOnce(error.message);
      this.#startLater();
    }
  }

  #onThreadEnd(): void {
    this.#thread = undefined;
    this.#waits = false;
    this.#tellOfWaiting();
    if (!this.#isWanted) return this.#close();
    // It may have taken news with it.
    for (const [token, bell] of this.#bells) if (bell.listening) this.#listen(bell, token);
    this.#startLater();
    this.#planLook();
  }

  #startLater(): void {
    this.#nextStart = performance.now() + restartMs;
  }
}
