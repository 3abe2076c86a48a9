import { makeEncoder } from "../btf/codec/encoder.ts";
import { parseBtf } from "../btf/parse-btf.ts";
import type { EmbeddedRingHandle } from "../engine/embedded/shared-ring.ts";
import type { OpenedRing, RingHandle } from "../engine/engine.ts";
import type { KernelRingHandle } from "../engine/kernel/shared-ring.ts";
import { UserRingBuf, type UserRingHandle } from "../map/user-ring-buf.ts";
import { SharedAccess } from "../memory/shared-access.ts";
import { MapType } from "../uapi/uapi.gen.ts";

/**
 * Opens, in a worker thread, a user ring that another thread gives away with {@link UserRingBuf.share}. All of them may
 * write at the same time. It is closed with the ring that was shared; close it, or end the thread, to let go of it before.
 */
export async function openUserRing<T = unknown>(handle: UserRingHandle<T>): Promise<UserRingBuf<T>> {
  const { name } = handle.ring;
  if (handle.ring.type !== MapType.USER_RINGBUF) {
    throw new TypeError(`Cannot open ring ${name} that way: it is a ring buffer, open it with openRingBuf()`);
  }
  const access = new SharedAccess(handle.access);
  const opened = await openRing(handle.ring);
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
  // Descriptors outlive the thread that opened them. The memory stays mapped, since views of it may be anywhere.
  const onExit = (): void => opened.close();
  process.on("exit", onExit);
  const userRing = new UserRingBuf<T>({
    name,
    ring: { ...ring, memory, bell: (onRing) => ring.bell(onRing) },
    encoder: handle.type === undefined ? undefined : makeEncoder(parseBtf(handle.type.btf), handle.type.id),
    access,
    onClose: () => {
      process.off("exit", onExit);
      opened.close();
    },
  });
  access.onClose(() => userRing.close());
  return userRing;
}

async function openRing(handle: RingHandle): Promise<OpenedRing> {
  if (handle.engine === "embedded") {
    const { openEmbeddedRing } = await import("../engine/embedded/shared-ring.ts");
    return openEmbeddedRing(handle as EmbeddedRingHandle);
  }
  const { openKernelRing } = await import("../engine/kernel/shared-ring.ts");
  return openKernelRing(handle as KernelRingHandle);
}
