import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/**
 * A thread that is ended while koffi is at work there aborts the whole process: nothing of the thread runs any more, so koffi
 * throws, which cannot be delivered either. So a thread's end waits until the threads that end with it are out of koffi, and
 * keeps them out from then on. Each thread has a gate for those that it starts, two words that they share:
 *
 * ```text
 *   0  inside   how many threads are at work in koffi
 *   1  closed   1 once the gate's thread ends
 * ```
 */
const key = "ebpf-ts exit gates";
const inside = 0;
const closed = 1;
/** Milliseconds. Loading koffi takes 20; whoever needs longer than this is not waited for. */
const longestWait = 2000;

/** Of the threads that end this one with them. */
const above: readonly Int32Array[] = isMainThread ? [] : inherited().map((gate) => new Int32Array(gate));
let own: Int32Array | undefined;

function inherited(): readonly SharedArrayBuffer[] {
  return (getEnvironmentData(key) as unknown as readonly SharedArrayBuffer[] | undefined) ?? [];
}

/** To be called before a thread is started that calls the system. */
export function guardExit(): void {
  if (own !== undefined) return;
  const shared = new SharedArrayBuffer(8);
  const gate = new Int32Array(shared);
  own = gate;
  setEnvironmentData(key, [...inherited(), shared] as never);
  process.on("exit", () => close(gate));
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
  const shared = new SharedArrayBuffer(8);
  const gate = new Int32Array(shared);
  setEnvironmentData(key, [...gates, shared] as never);
  try {
    return { thread: start(), close: () => close(gate) };
  } finally {
    setEnvironmentData(key, gates as never);
  }
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
  Atomics.add(gate, inside, 1);
  if (Atomics.load(gate, closed) === 0) return;
  leave(gate);
  // Until this thread is ended.
  Atomics.wait(gate, closed, 1, longestWait);
  Atomics.add(gate, inside, 1);
}

function leave(gate: Int32Array): void {
  Atomics.sub(gate, inside, 1);
  Atomics.notify(gate, inside);
}

function close(gate: Int32Array): void {
  Atomics.store(gate, closed, 1);
  const end = Date.now() + longestWait;
  for (let count = Atomics.load(gate, inside); count > 0; count = Atomics.load(gate, inside)) {
    const left = end - Date.now();
    if (left <= 0 || Atomics.wait(gate, inside, count, left) === "timed-out") return;
  }
}
