import type { RingBuf } from "../../map/ring-buf.ts";
import type { RingBufHandle, UserRingBufHandle } from "../../map/ring-handles.ts";
import type { UserRingBuf } from "../../map/user-ring-buf.ts";
import { knowThreads } from "../../host/threads/thread-lives.ts";
import { openReader } from "../handles/open-reader.ts";
import { openWriter } from "../handles/open-writer.ts";
import { nodeThreads } from "./node-threads.ts";

/**
 * Opens, in a worker thread, an event ring that another thread gives away with {@link RingBuf.share}: to loop over, or to block on with
 * {@link RingBuf.drainBlocking}. Close it, or end the thread, to let go of it; the ring itself lives as long as its collection.
 *
 * A handle has one reader at a time: while it is open, opening it again is refused (BUSY), in whichever thread. The next reader goes on
 * where the one before has ended; where that one's thread was terminated, at the last position that it gave back.
 */
export function openRingBuf<T = unknown>(handle: RingBufHandle<T>): Promise<RingBuf<T>> {
  knowThreads();
  return openReader(handle, nodeThreads);
}

/**
 * Opens, in a worker thread, a user ring that another thread gives away with {@link UserRingBuf.share}. All of them may
 * write at the same time. It is closed with the ring that was shared; close it, or end the thread, to let go of it before.
 */
export function openUserRingBuf<T = unknown>(handle: UserRingBufHandle<T>): Promise<UserRingBuf<T>> {
  knowThreads();
  return openWriter(handle, nodeThreads);
}
