import { getEnvironmentData, isMainThread, setEnvironmentData, type Worker } from "node:worker_threads";
import { atExit } from "./at-exit.ts";

/**
 * A thread that is ended while koffi is at work there aborts the whole process: nothing of the thread runs any more, so koffi
 * throws, which cannot be delivered either. So a thread's end waits until the threads that end with it are out of koffi, and
 * keeps them out from then on. Each thread has a gate for those that it starts, one word that they share:
 *
 * ```text
 *   bit 30       shut: the gate's thread ends, or terminates another
 *   bits 0..29   how many threads are at work in koffi
 * ```
 * Nobody is counted while it is shut, so that a thread which is ended at the gate leaves nothing behind.
 */
const key = "ebpf-ts exit gates";
const shut = 1 << 30;
/** Milliseconds. Loading koffi takes 20; whoever needs longer than this is not waited for. */
const longestWait = 2000;
/** Milliseconds that a thread which was terminated keeps the others out, at most: it may sit in a call of the system. */
const longestEnd = 500;

/** Of the threads that end this one with them. */
const above: readonly Int32Array[] = isMainThread ? [] : inherited().map((gate) => new Int32Array(gate));
let own: Int32Array | undefined;

function inherited(): readonly SharedArrayBuffer[] {
  return (getEnvironmentData(key) as unknown as readonly SharedArrayBuffer[] | undefined) ?? [];
}

/** To be called before a thread is started that calls the system. */
export function guardExit(): void {
  if (own !== undefined) return;
  const shared = new SharedArrayBuffer(4);
  const gate = new Int32Array(shared);
  own = gate;
  setEnvironmentData(key, [...inherited(), shared] as never);
  atExit(() => close(gate));
  process.on("worker", (worker) => guardTermination(worker, gate));
}

/** A thread that may be ended while the one that started it goes on. */
export interface GatedThread<T> {
  readonly thread: T;
  /** To be called before it is ended, once: waits until it, and those that it started, are out of koffi. */
  close(): void;
}

/** Starts a thread with a gate of its own, beside those that all threads have which start here. */
export function startGated<T>(start: () => T): GatedThread<T> {
  guardExit();
  const gates = inherited();
  const shared = new SharedArrayBuffer(4);
  const gate = new Int32Array(shared);
  setEnvironmentData(key, [...gates, shared] as never);
  try {
    return { thread: start(), close: () => close(gate) };
  } finally {
    setEnvironmentData(key, gates as never);
  }
}

/** Threads that were terminated, and have not ended yet. */
let ending = 0;

/**
 * Users terminate threads that they have started, at any moment. All threads that were started here are kept out of koffi until
 * that one has ended.
 */
function guardTermination(worker: Worker, gate: Int32Array): void {
  const terminate = worker.terminate.bind(worker);
  let told = false;
  worker.terminate = () => {
    if (told || worker.threadId === -1) return terminate();
    told = true;
    if ((ending += 1) === 1) close(gate);
    const onEnd = once(() => {
      clearTimeout(timer);
      if ((ending -= 1) === 0) open(gate);
    });
    const timer = setTimeout(onEnd, longestEnd).unref();
    worker.once("exit", onEnd);
    return terminate();
  };
}

function once(call: () => void): () => void {
  let called = false;
  return () => {
    if (!called) call();
    called = true;
  };
}

let atWork = 0;

/** Does something that the end of the thread must not interrupt. What it does may do the same. */
export function uninterrupted<T>(work: () => T): T {
  if (atWork === 0) for (const gate of above) enter(gate);
  atWork += 1;
  try {
    return work();
  } finally {
    atWork -= 1;
    if (atWork === 0) for (const gate of above) leave(gate);
  }
}

function enter(gate: Int32Array): void {
  for (let patient = true; ;) {
    const seen = Atomics.load(gate, 0);
    if ((seen & shut) === 0 || !patient) {
      if (Atomics.compareExchange(gate, 0, seen, seen + 1) === seen) return;
    } else if (Atomics.wait(gate, 0, seen, longestWait) === "timed-out") {
      // Whoever has shut it neither ended this thread nor opened it again.
      patient = false;
    }
  }
}

function leave(gate: Int32Array): void {
  if ((Atomics.sub(gate, 0, 1) & shut) !== 0) Atomics.notify(gate, 0);
}

function open(gate: Int32Array): void {
  Atomics.and(gate, 0, ~shut);
  Atomics.notify(gate, 0);
}

function close(gate: Int32Array): void {
  Atomics.or(gate, 0, shut);
  const end = Date.now() + longestWait;
  for (let seen = Atomics.load(gate, 0); seen !== shut; seen = Atomics.load(gate, 0)) {
    const left = end - Date.now();
    if (left <= 0 || Atomics.wait(gate, 0, seen, left) === "timed-out") return;
  }
}
