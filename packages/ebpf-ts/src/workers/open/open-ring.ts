import type { EmbeddedRingHandle } from "../../engine/embedded/rings/engine-ring.ts";
import type { EngineRing, EngineRingHandle } from "../../engine/ring.ts";
import type { KernelRingHandle } from "../../engine/kernel/ring/open-kernel-ring.ts";
import { importHost } from "../../host/import-host.ts";
import type { RemainsClaim, RingRemains } from "./ring-remains.ts";
import { atExit } from "../../host/at-exit.ts";
import { uninterrupted } from "../../host/exit-gate.ts";
import { endsFilesOfThreads } from "../../host/this-process.ts";

/** A ring of another thread, opened by this one. */
export interface ThreadRing {
  readonly ring: EngineRing;
  /** What to do away with when the thread is terminated, which then can do nothing itself, where the runtime does not. */
  readonly remains: RingRemains | undefined;
  /** The memory stays where it is, since views of it may be anywhere: until they are collected, or the thread ends. */
  close(): void;
}

/** Opens, for the life of this thread, a ring that another thread shares. The other engine is not loaded. `claim` is of the remains. */
export async function openRing(handle: EngineRingHandle, claim?: RemainsClaim): Promise<ThreadRing> {
  if (handle.engine === "kernel") return openInKernel(handle as KernelRingHandle, claim);
  const { openEmbeddedRing } = await importHost("rings", () => import("../../engine/embedded/rings/engine-ring.ts"));
  const { ring, close } = openEmbeddedRing(handle as EmbeddedRingHandle);
  return { ring, remains: undefined, close };
}

async function openInKernel(handle: KernelRingHandle, claim: RemainsClaim | undefined): Promise<ThreadRing> {
  const { openKernelRing } = await importHost(
    "rings of the kernel",
    () => import("../../engine/kernel/ring/open-kernel-ring.ts"),
  );
  return uninterrupted(() => {
    const { ring, close } = openKernelRing(handle);
    // As a whole or not at all: a thread that is terminated meanwhile would take the claim, and leave the descriptor.
    const clear = (): void => {
      uninterrupted(() => {
        claim?.take();
        close();
      });
    };
    const forget = atExit(clear);
    return {
      ring,
      remains: endsFilesOfThreads ? undefined : { fd: (ring.share!() as KernelRingHandle).fd },
      close: () => {
        clear();
        forget();
      },
    };
  });
}
