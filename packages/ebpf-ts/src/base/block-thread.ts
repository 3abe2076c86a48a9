import { NotSupportedError } from "./errors.ts";
import { isShared } from "./shared-bytes.ts";

/**
 * Blocks this thread while the word is `seen`, at most so many milliseconds; false when the time is up. Throws where a thread must not
 * block. `action` follows "Cannot", `instead` says what to do.
 */
export function blockOn(word: Int32Array, seen: number, ms: number, action: string, instead: string): boolean {
  // In one thread, nobody else could end the wait.
  if (!isShared(word.buffer))
    throw noBlocking(
      action,
      "that takes memory that threads share, which needs cross-origin isolation in a page",
      instead,
    );
  try {
    return Atomics.wait(word, 0, seen, ms) !== "timed-out";
  } catch (cause) {
    throw noBlocking(action, "a browser lets only worker threads block", instead, cause);
  }
}

function noBlocking(action: string, why: string, instead: string, cause?: unknown): NotSupportedError {
  const options = cause === undefined ? undefined : { cause };
  return new NotSupportedError("blocking", `Cannot ${action} here: ${why}, so ${instead}`, undefined, options);
}
