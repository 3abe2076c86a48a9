import { makeUserRingBuf } from "../../map/nouns/user-ring-buf.ts";
import type { UserRingBufHandle } from "../../map/ring-handles.ts";
import type { UserRingBuf } from "../../map/user-ring-buf.ts";
import { SharedAccess, sharedAccessBytes } from "../../memory/shared-access.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { checkHandle, checkShared } from "./check-handle.ts";
import { sharedRecord } from "./shared-record.ts";
import type { ThreadHost } from "./thread-host.ts";

/** A user ring that another thread shares; see `openUserRingBuf` of each door. */
export async function openWriter<T>(handle: UserRingBufHandle<T>, host: ThreadHost): Promise<UserRingBuf<T>> {
  checkHandle(handle, "openUserRingBuf()");
  const { name } = handle.ring;
  if (mapKind(handle.ring.type).noun !== "user-ring-buf") {
    throw new TypeError(`Cannot open ring ${name} that way: it is a ring buffer, open it with openRingBuf()`);
  }
  checkShared(handle.access, sharedAccessBytes, "openUserRingBuf()");
  const access = new SharedAccess(handle.access, `ring ${name}`);
  const record = sharedRecord(name, handle.type);
  const opened = await host.openRing(handle.ring);
  const { ring } = opened;
  const { size, consumer, producer, data } = ring.memory;
  const memory = {
    size,
    consumer,
    producer,
    data,
    get open(): boolean {
      return ring.memory.open && access.open;
    },
  };
  const userRing = makeUserRingBuf<T>({
    name,
    ring: { ...ring, memory, bell: (onRing) => ring.bell(onRing) },
    record,
    access,
    onClose: () => {
      forget();
      opened.close();
    },
  });
  const forget = host.atExit(() => userRing.close());
  closeWithOwner(access, new WeakRef(userRing));
  return userRing;
}

/** A wait for the owner's end cannot be given up: it must not keep the memory of a ring that was closed before. */
function closeWithOwner(access: SharedAccess, userRing: WeakRef<{ close(): void }>): void {
  access.onClose(() => userRing.deref()?.close());
}
