import { Futex } from "../sys/futex/futex.ts";
import { futexVectorLimit } from "../sys/futex/futex-vector.ts";
import { startThread, type Thread } from "../host/threads/threads.ts";
import type { FutexThreadData, FutexThreadMessage, FutexThreadReport } from "./futex-thread-messages.ts";

/** A word that is watched for this thread's event loop. */
export interface FutexWatch {
  /** While it is held by anybody, the thread keeps the process alive. */
  hold(): void;
  letGo(): void;
  close(): void;
}

interface Watched {
  readonly futex: Futex;
  onChange: () => void;
}

const threads: FutexThread[] = [];
let lastToken = 0;

/** How long a thread with nothing to watch is kept for the next one who waits, since starting it takes 20 ms. */
const lingerMs = 1000;

/** How often to look where the thread has died. */
const lookMs = 10;

/**
 * Calls back whenever the word has changed (several changes may be one call): one thread sleeps for all words of the process
 * (for 127 each), since an event loop cannot wait for a futex.
 */
export function watchFutex(futex: Futex, last: number, onChange: () => void): FutexWatch {
  let thread = threads.find((each) => each.hasRoom);
  if (thread === undefined) {
    thread = new FutexThread();
    threads.push(thread);
  }
  return thread.watch(futex, last, onChange);
}

class FutexThread {
  /** Those that the thread has been told of; their memory stays mapped until it has told that it let go of them. */
  readonly #watched = new Map<number, Watched>();
  readonly #control: Int32Array = new Int32Array(new ArrayBuffer(4));
  readonly #controlFutex: Futex = new Futex(this.#control, 0);
  readonly #thread: Thread<FutexThreadMessage>;
  #open = 0;
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

  watch(futex: Futex, last: number, onChange: () => void): FutexWatch {
    const token = ++lastToken;
    const watched: Watched = { futex, onChange };
    clearTimeout(this.#linger);
    this.#watched.set(token, watched);
    this.#open += 1;
    this.#tell({ kind: "watch", token, address: futex.address, last });
    let held = false;
    let closed = false;
    const hold = (wanted: boolean): void => {
      if (held === wanted || closed) return;
      held = wanted;
      this.#hold(wanted ? 1 : -1);
    };
    return {
      hold: () => hold(true),
      letGo: () => hold(false),
      close: () => {
        if (closed) return;
        hold(false);
        closed = true;
        watched.onChange = () => {};
        this.#leave(token);
      },
    };
  }

  #hold(change: number): void {
    this.#held += change;
    if (this.#held === 0) this.#keep(false);
    else if (this.#held === 1 && change > 0) this.#keep(true);
  }

  /** Whether the process is kept running. */
  #keep(wanted: boolean): void {
    if (this.#clock === undefined) this.#thread.hold(wanted);
    else if (wanted) this.#clock.ref();
    else this.#clock.unref();
  }

  #leave(token: number): void {
    this.#open -= 1;
    if (this.#clock !== undefined) {
      this.#watched.delete(token);
      if (this.#open === 0) clearInterval(this.#clock);
      return;
    }
    this.#tell({ kind: "leave", token });
    if (this.#open === 0) this.#linger = setTimeout(this.#stop, lingerMs).unref();
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

  #onReport({ kind, token }: FutexThreadReport): void {
    if (kind === "left") this.#watched.delete(token);
    else this.#watched.get(token)?.onChange();
  }

  /** Memory ran out in it, or somebody ended it. Who comes next gets another one. */
  #doWithoutThread(): void {
    threads.splice(threads.indexOf(this), 1);
    clearTimeout(this.#linger);
    if (this.#open === 0) return this.#watched.clear();
    this.#clock = setInterval(() => {
      for (const { onChange } of this.#watched.values()) onChange();
    }, lookMs);
    if (this.#held === 0) this.#clock.unref();
  }

  #start(): Thread<FutexThreadMessage> {
    const data: FutexThreadData = { control: this.#controlFutex.address, value: 0 };
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
      onEnd: () => this.#onEnd(),
    });
    thread.hold(false);
    return thread;
  }

  #onEnd(): void {
    if (this.#stopped) this.#watched.clear();
    else this.#doWithoutThread();
  }
}
