import { isShared } from "../../../base/shared-bytes.ts";
import { yieldTurn } from "../../../base/yield-turn.ts";

/** How often a word is looked at where the host has threads and no `Atomics.waitAsync`, in milliseconds. */
const pollInterval = 5;

/** Who waits for words in memory of this thread alone, which the host cannot wait for. */
const waiting = new WeakMap<Int32Array, (() => void)[]>();
/** Whether anybody ever did: most hosts have threads, and then there is nothing to look up at each wake-up. */
let waited = false;

/** Counts a wake-up in the word, and wakes all who wait for one. */
export function wake(word: Int32Array): void {
  Atomics.add(word, 0, 1);
  release(word);
}

/** Wakes them without one: they look again. */
export function release(word: Int32Array): void {
  Atomics.notify(word, 0);
  if (!waited) return;
  const callbacks = waiting.get(word);
  if (callbacks === undefined) return;
  waiting.delete(word);
  // Not here: a program is running.
  for (const callback of callbacks) yieldTurn(callback);
}

/** Calls back, after the current task, when a wake-up has come since the word was `seen`; `wanted` says whether anybody still waits. */
export function onWake(word: Int32Array, seen: number, callback: () => void, wanted: () => boolean): void {
  if (!isShared(word.buffer)) waitHere(word, seen, callback);
  else if (typeof Atomics.waitAsync !== "function") poll(word, seen, callback, wanted);
  else {
    const result = Atomics.waitAsync(word, 0, seen);
    if (result.async) void result.value.then(callback);
    else yieldTurn(callback);
  }
}

function waitHere(word: Int32Array, seen: number, callback: () => void): void {
  if (Atomics.load(word, 0) !== seen) return yieldTurn(callback);
  waited = true;
  const callbacks = waiting.get(word);
  if (callbacks === undefined) waiting.set(word, [callback]);
  else callbacks.push(callback);
}

function poll(word: Int32Array, seen: number, callback: () => void, wanted: () => boolean): void {
  setTimeout(() => {
    if (Atomics.load(word, 0) !== seen) callback();
    else if (wanted()) poll(word, seen, callback, wanted);
  }, pollInterval);
}
