import { NotSupportedError } from "./errors.ts";

/*
 * Memory that threads share, where the host lets them: a page that is not cross-origin isolated has no SharedArrayBuffer. There it is
 * memory of one thread. Atomics work on it as well, but for waiting (Atomics.wait and waitAsync throw), and `postMessage` would copy it.
 */

/** Zeroed bytes, shared where that is possible. */
export function sharedBytes(size: number): ArrayBufferLike {
  return threadsShare() ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
}

/** Zeroed bytes for what makes no sense in one thread. `action` follows "Cannot". */
export function bytesForThreads(size: number, action: string): SharedArrayBuffer {
  if (!threadsShare()) throw noSharing(action);
  return new SharedArrayBuffer(size);
}

/** The same bytes, to be handed to another thread. */
export function forThreads(bytes: ArrayBufferLike, action: string): SharedArrayBuffer {
  if (!isShared(bytes)) throw noSharing(action);
  return bytes;
}

export function isShared(bytes: ArrayBufferLike): bytes is SharedArrayBuffer {
  return threadsShare() && bytes instanceof SharedArrayBuffer;
}

export function threadsShare(): boolean {
  return typeof SharedArrayBuffer !== "undefined";
}

function noSharing(action: string): NotSupportedError {
  return new NotSupportedError(
    "cross-origin isolation",
    `Cannot ${action}: threads share no memory here; a page needs cross-origin isolation for it, serve it with the headers ` +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
  );
}
