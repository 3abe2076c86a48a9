import { isMainThread } from "node:worker_threads";
import type { EmbeddedRingHandle } from "../engine/embedded/shared-ring.ts";
import type { EngineRing, RingHandle } from "../engine/engine.ts";
import type { KernelRingHandle } from "../engine/kernel/shared-ring.ts";
import { importHost } from "../import-host.ts";
import type { RemainsClaim, RingRemains } from "./ring-remains.ts";
import { atThreadEnd } from "./thread-end.ts";

/** A ring of another thread, opened by this one. Descriptors and mappings outlive their thread, so that its end closes it. */
export interface ThreadRing {
  readonly ring: EngineRing;
  /** What to do away with when the thread is terminated, which then can do nothing itself. */
  readonly remains: RingRemains | undefined;
  /** Closes it, and leaves the memory where it is, since views of it may be anywhere: until they are collected, or the thread ends. */
  letGo(): void;
  /** When nobody will look at it any more: the memory is gone then. */
  close(): void;
}

/** Opens, for the life of this thread, a ring that another thread shares. The other engine is not loaded. `claim` is of the remains. */
export async function openRing(handle: RingHandle, claim?: RemainsClaim): Promise<ThreadRing> {
  if (handle.engine === "kernel") return openInKernel(handle as KernelRingHandle, claim);
  const { openEmbeddedRing } = await importHost("rings", () => import("../engine/embedded/shared-ring.ts"));
  const { ring, close } = openEmbeddedRing(handle as EmbeddedRingHandle);
  return { ring, remains: undefined, letGo: close, close };
}

/** Memory of rings that were let go of, with what takes back its unmapping at the end of the thread. */
const collected = new FinalizationRegistry<() => void>((forget) => forget());

async function openInKernel(handle: KernelRingHandle, claim: RemainsClaim | undefined): Promise<ThreadRing> {
  const { openKernelRing } = await importHost("rings of the kernel", () => import("../engine/kernel/shared-ring.ts"));
  const { areasOf, unmapperOf } = await import("../sys/unmap.ts");
  const { uninterrupted } = await import("../sys/exit-gate.ts");
  return uninterrupted(() => {
    const { ring, close } = openKernelRing(handle);
    const { consumer, producer, data } = ring.memory;
    const buffers = [consumer.buffer, producer.buffer, data.buffer];
    const unmap = unmapperOf(buffers);
    // As a whole or not at all: a thread that is terminated meanwhile would take the claim, and leave the rest.
    const clear = (): void => {
      uninterrupted(() => {
        claim?.take();
        close();
        unmap();
      });
    };
    const forget = atThreadEnd(clear);
    return {
      ring,
      remains: { fd: (ring.share!() as KernelRingHandle).fd, areas: areasOf(buffers) },
      letGo: () => {
        close();
        // The process unmaps everything at its end.
        if (isMainThread) return forget();
        forget();
        collected.register(data, atThreadEnd(unmap));
      },
      close: () => {
        clear();
        forget();
      },
    };
  });
}
