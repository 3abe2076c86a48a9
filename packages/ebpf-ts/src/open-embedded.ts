import { NotSupportedError } from "./base/errors.ts";
import { type EmbeddedRingHandle, openEmbeddedRing } from "./engine/embedded/rings/engine-ring.ts";
import type { RingBuf } from "./map/ring-buf.ts";
import type { RingBufHandle, UserRingBufHandle } from "./map/ring-handles.ts";
import type { UserRingBuf } from "./map/user-ring-buf.ts";
import { openReader } from "./workers/handles/open-reader.ts";
import { openWriter } from "./workers/handles/open-writer.ts";
import type { ThreadHost } from "./workers/handles/thread-host.ts";

/** A browser tells nobody of the end of a thread. */
const anyThreads: ThreadHost = {
  async openRing(handle) {
    if (handle.engine === "embedded") return openEmbeddedRing(handle as EmbeddedRingHandle);
    throw new NotSupportedError(
      "rings of the kernel",
      `Cannot open ring ${handle.name}: it is a ring of the kernel, open it with ebpf-ts/workers`,
    );
  },
  atExit: () => () => {},
};

/**
 * Opens, in a worker, an event ring of the embedded engine that another thread gives away with {@link RingBuf.share}: to loop over, or to
 * block on with {@link RingBuf.drainBlocking}. Close it before the worker ends: a handle has one reader at a time (BUSY), and nobody
 * could tell that it is gone.
 */
export function openRingBuf<T = unknown>(handle: RingBufHandle<T>): Promise<RingBuf<T>> {
  return openReader(handle, anyThreads);
}

/**
 * Opens, in a worker, a user ring of the embedded engine that another thread gives away with {@link UserRingBuf.share}. All of them may
 * write at the same time. It is closed with the ring that was shared.
 */
export function openUserRingBuf<T = unknown>(handle: UserRingBufHandle<T>): Promise<UserRingBuf<T>> {
  return openWriter(handle, anyThreads);
}
