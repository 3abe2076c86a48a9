import { EbpfError } from "../../base/errors.ts";
import { makeRingBuf } from "../../map/make-noun.ts";
import type { RingBuf } from "../../map/ring-buf.ts";
import type { RingBufHandle } from "../../map/ring-handles.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { checkHandle, checkShared } from "./check-handle.ts";
import { openRing, type ThreadRing } from "./open-ring.ts";
import { claimReader } from "./reader-claim.ts";
import { sharedRecord } from "./shared-record.ts";
import { atExit } from "../../host/at-exit.ts";

/**
 * Opens, in a worker thread, an event ring that another thread gives away with {@link RingBuf.share}: to loop over, or to block on with
 * {@link RingBuf.drainBlocking}. Close it, or end the thread, to let go of it; the ring itself lives as long as its collection.
 *
 * A handle has one reader at a time: while it is open, opening it again is refused (BUSY), in whichever thread. The next reader goes on
 * where the one before has ended; where that one's thread was terminated, at the last position that it gave back.
 */
export async function openRingBuf<T = unknown>(handle: RingBufHandle<T>): Promise<RingBuf<T>> {
  checkHandle(handle, "openRingBuf()");
  const { name } = handle.ring;
  if (mapKind(handle.ring.type).noun !== "ring-buf") {
    throw new TypeError(`Cannot open ring ${name} that way: it is a user ring buffer, open it with openUserRingBuf()`);
  }
  checkShared(handle.reader, "openRingBuf()");
  const leave = claimReader(handle.reader);
  if (leave === undefined) {
    throw new EbpfError(
      "BUSY",
      `Cannot open ring ${name}: this handle is open already, and a ring has one reader; close that one first`,
    );
  }
  try {
    const opened = await openRing(handle.ring);
    return readerOf(handle, opened, leave);
  } catch (error) {
    leave();
    throw error;
  }
}

function readerOf<T>({ ring, type }: RingBufHandle<T>, opened: ThreadRing, leave: () => void): RingBuf<T> {
  try {
    const ringBuf = makeRingBuf<T>({
      name: ring.name,
      ring: opened.ring,
      record: sharedRecord(ring.name, type),
      onClose: () => {
        forget();
        opened.close();
        leave();
      },
    });
    const forget = atExit(() => ringBuf.close());
    return ringBuf;
  } catch (error) {
    opened.close();
    throw error;
  }
}
