import type { EngineRingHandle } from "../../ring.ts";

/** A ring of the kernel, for another thread of this process: both have the same descriptors. */
export interface KernelRingHandle extends EngineRingHandle {
  readonly engine: "kernel";
  readonly fd: number;
  /** The kernel's id of the map, which is never given twice, as descriptors are. */
  readonly id: number;
}
