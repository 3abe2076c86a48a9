import type { EmbeddedRingHandle } from "../engine/embedded/shared-ring.ts";
import type { OpenedRing, RingHandle } from "../engine/engine.ts";
import type { openKernelRing } from "../engine/kernel/shared-ring.ts";

type KernelRingHandle = Parameters<typeof openKernelRing>[0];

/** `close` is for the end of the thread: the memory is gone then. */
export interface ThreadRing extends OpenedRing {
  /** Closes it, and leaves the memory where it is, since views of it may be anywhere. */
  letGo(): void;
}

/** Opens, for the life of this thread, a ring that another thread shares. The other engine is not loaded. */
export async function openRing(handle: RingHandle): Promise<ThreadRing> {
  if (handle.engine === "kernel") return openInKernel(handle as KernelRingHandle);
  const { openEmbeddedRing } = await import("../engine/embedded/shared-ring.ts");
  const { ring, close } = openEmbeddedRing(handle as EmbeddedRingHandle);
  return { ring, close, letGo: close };
}

async function openInKernel(handle: KernelRingHandle): Promise<ThreadRing> {
  const { openKernelRing } = await import("../engine/kernel/shared-ring.ts");
  const { unmapperOf } = await import("../sys/unmap.ts");
  const { ring, close } = openKernelRing(handle);
  const { consumer, producer, data } = ring.memory;
  const unmap = unmapperOf([consumer.buffer, producer.buffer, data.buffer]);
  return {
    ring,
    letGo: close,
    close: () => {
      close();
      unmap();
    },
  };
}
