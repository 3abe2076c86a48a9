import { Futex } from "../sys/futex/futex.ts";
import { futexVectorLimit } from "../sys/futex/futex-vector.ts";
import { startThread, type Thread } from "../host/threads/threads.ts";
import type { FutexThreadData, FutexThreadMessage, FutexThreadReport } from "./futex-thread-messages.ts";

/** A word that is watched for this thread's event loop, as long as it is held. */
export interface FutexWatch {
  /** While it is held by anybody, the thread keeps the process alive. What changes from now on is called back for. */
  hold(): void;
  letGo(): void;
  close(): void;
}

interface Watched {
  readonly token: number;
  readonly futex: Futex;
  readonly onChange: () => void;
  held: boolean;
  /** Whether the thread was asked to tell of the next change, and has not. */
  asked: boolean;
}

const threads: FutexThread[] = [];
let lastToken = 0;

/** How long a thread with nothing to watch is kept for the next one who waits, since starting it takes 20 ms. */
const lingerMs = 1000;

/** How often to look where the thread has died. */
const lookMs = 10;

/**
 * Calls back after changes of the word (several may be one call): one thread sleeps for all words of the process
 * (for 127 each), since an event loop cannot wait for a futex.
 */
export function watchFutex(futex: Futex, onChange: () => void): FutexWatch {
  let thread = threads.find((each) => each.hasRoom);
  if (thread === undefined) {
    thread = new FutexThread();
    threads.push(thread);
  }
  return thread.watch(futex, onChange);
}

class FutexThread {
  readonly #watched = new Map<number, Watched>();
  /** Shared: the thread may live longer than this one. */
  readonly #control: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  readonly #controlFutex: Futex = new Futex(this.#control, 0);
  readonly #thread: Thread<FutexThreadMessage>;
  #held = 0;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** In place of the thread, should that die. */
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.#thread = this.#start();
  }

  get hasRoom(): boolean {
    return this.#watched.size < futexVectorLimit - 1;
  }

  watch(futex: Futex, onChange: () => void): FutexWatch {
    const watched: Watched = { token: ++lastToken, futex, onChange, held: false, asked: false };
    clearTimeout(this.#linger);
    this.#watched.set(watched.token, watched);
    return {
      hold: () => this.#hold(watched),
      letGo: () => this.#letGo(watched),
      close: () => {
        this.#letGo(watched);
        if (this.#watched.delete(watched.token)) this.#leave(watched);
      },
    };
  }

  #hold(watched: Watched): void {
    if (watched.held || !this.#watched.has(watched.token)) return;
    watched.held = true;
    this.#held += 1;
    if (this.#held === 1) this.#keep(true);
    this.#ask(watched);
  }

  #letGo(watched: Watched): void {
    if (!watched.held) return;
    watched.held = false;
    this.#held -= 1;
    if (this.#held === 0) this.#keep(false);
  }

  /** The word's value comes before the look of whoever holds it, so that no change is missed. */
  #ask(watched: Watched): void {
    if (watched.asked || this.#clock !== undefined) return;
    watched.asked = true;
    const { token, futex } = watched;
    this.#tell({ kind: "watch", token, address: futex.address, last: futex.value });
  }

  /** Whether the process is kept running. */
  #keep(wanted: boolean): void {
    if (this.#clock === undefined) this.#thread.hold(wanted);
    else if (wanted) this.#clock.ref();
    else this.#clock.unref();
  }

  #leave({ token, asked }: Watched): void {
    const isLast = this.#watched.size === 0;
    if (this.#clock !== undefined) {
      if (isLast) clearInterval(this.#clock);
      return;
    }
    if (asked) this.#tell({ kind: "leave", token });
    if (isLast) this.#linger = setTimeout(this.#stop, lingerMs).unref();
  }

  readonly #stop = (): void => {
    this.#stopped = true;
    threads.splice(threads.indexOf(this), 1);
    this.#tell({ kind: "stop" });
  };

  #tell(message: FutexThreadMessage): void {
    this.#thread.tell(message);
    this.#wake();
  }

  readonly #wake = (): void => {
    Atomics.add(this.#control, 0, 1);
    this.#controlFutex.wake();
  };

  #onReport({ token }: FutexThreadReport): void {
    const watched = this.#watched.get(token);
    if (watched === undefined) return;
    watched.asked = false;
    if (!watched.held) return;
    this.#ask(watched);
    watched.onChange();
  }

  /** Memory ran out in it, or somebody ended it. Who comes next gets another one. */
  #doWithoutThread(): void {
    threads.splice(threads.indexOf(this), 1);
    clearTimeout(this.#linger);
    if (this.#watched.size === 0) return;
    this.#clock = setInterval(() => {
      for (const { onChange } of this.#watched.values()) onChange();
    }, lookMs);
    if (this.#held === 0) this.#clock.unref();
  }

  #start(): Thread<FutexThreadMessage> {
    const data: FutexThreadData = { control: this.#control };
    const thread = startThread<FutexThreadReport, FutexThreadMessage>({
      script: new URL("./ebpf-futex-worker.js", import.meta.url),
      name: "ebpf-ts futexes",
      work: "sleep",
      asks: true,
      data,
      action: "wait for a shared ring",
      code: "WORKER",
      wake: () => this.#tell({ kind: "stop" }),
      onReport: (report) => this.#onReport(report),
      onEnd: () => {
        if (!this.#stopped) this.#doWithoutThread();
      },
    });
    thread.hold(false);
    return thread;
  }
}
