import { EbpfError } from "../../../base/errors.ts";
import type { RingMemory } from "../../../ring/ring-memory.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { mapInfo } from "../object-info.ts";
import { mapRing } from "../ring/ring-pages.ts";
import { frameSizeFor, largestInjected } from "./frame-size.ts";
import { KernelInjector } from "./kernel-injector.ts";
import { loadInjector, type InjectTarget } from "./load-injector.ts";

/** What injects records of up to `size` bytes into a ring. The caller closes it. */
export async function openInjector(
  sys: Sys,
  target: InjectTarget,
  memory: RingMemory,
  size: number,
): Promise<KernelInjector> {
  const { name } = target.info;
  if (size > largestInjected) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot inject ${size} bytes into ring ${name}: the kernel engine takes at most ${largestInjected} at a time`,
    );
  }
  const frame = frameSizeFor(size);
  const { queue, program } = await loadInjector(sys, target, frame);
  const close = (): void => {
    program.close();
    queue.close();
  };
  try {
    const pages = mapRing(sys, queue.fd, { ...mapInfo(sys, queue), name });
    return new KernelInjector({ sys, name, target: memory, queue: pages, frame, program, close });
  } catch (error) {
    close();
    throw error;
  }
}
