import { EbpfError } from "../../base/errors.ts";
import { makeRingBuf } from "../../map/nouns/ring-buf.ts";
import type { OpenedRing } from "../../engine/ring.ts";
import type { RingBuf } from "../../map/ring-buf.ts";
import type { RingBufHandle } from "../../map/ring-handles.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { checkHandle, checkShared } from "./check-handle.ts";
import { claimReader } from "./reader-claim.ts";
import { sharedRecord } from "./shared-record.ts";
import type { ThreadHost } from "./thread-host.ts";

/** An event ring that another thread shares; see `openRingBuf` of each door. */
export async function openReader<T>(handle: RingBufHandle<T>, host: ThreadHost): Promise<RingBuf<T>> {
  checkHandle(handle, "openRingBuf()");
  const { name } = handle.ring;
  if (mapKind(handle.ring.type).noun !== "ring-buf") {
    throw new TypeError(`Cannot open ring ${name} that way: it is a user ring buffer, open it with openUserRingBuf()`);
  }
  checkShared(handle.reader, 4, "openRingBuf()");
  const leave = claimReader(handle.reader);
  if (leave === undefined) {
    throw new EbpfError(
      "BUSY",
      `Cannot open ring ${name}: this handle is open already, and a ring has one reader; close that one first`,
    );
  }
  try {
    const opened = await host.openRing(handle.ring);
    return readerOf(handle, opened, leave, host);
  } catch (error) {
    leave();
    throw error;
  }
}

function readerOf<T>(
  { ring, type }: RingBufHandle<T>,
  opened: OpenedRing,
  leave: () => void,
  host: ThreadHost,
): RingBuf<T> {
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
    const forget = host.atExit(() => ringBuf.close());
    return ringBuf;
  } catch (error) {
    opened.close();
    throw error;
  }
}
