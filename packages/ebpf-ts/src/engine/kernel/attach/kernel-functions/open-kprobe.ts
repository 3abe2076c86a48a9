import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import type { AttachRequest } from "../attachment.ts";
import { probeBit, probeType } from "../probe-source.ts";

/** A place in the code of the kernel. */
export interface KprobePlace {
  readonly symbol: string;
  /** Bytes from the function. */
  readonly offset: number;
  /** Where the function returns. */
  readonly returns: boolean;
}

const ANY_PROCESS = -1;
const FIRST_CPU = 0;

/** perf_event_open(2) of a kernel probe. Gives the negative errno on failure. */
export function openKprobe(
  { sys, action }: AttachRequest<AttachTarget>,
  { symbol, offset, returns }: KprobePlace,
): Descriptor | number {
  const attributes = new KernelStruct(PerfEventAttr, {
    type: probeType("kprobe", action),
    config: returns ? 1n << probeBit("kprobe", "retprobe", action) : 0n,
    kprobe_func: symbol,
    probe_offset: offset,
  });
  const fd = sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU);
  return fd < 0 ? fd : new Descriptor(fd, `the event: ${action}`);
}
