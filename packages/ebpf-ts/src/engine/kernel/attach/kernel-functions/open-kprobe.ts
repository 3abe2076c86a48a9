import { isThere, readHostFile } from "../../../../host/system-files.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import type { AttachRequest } from "../attachment.ts";

/** A place in the code of the kernel. */
export interface KprobePlace {
  readonly symbol: string;
  /** Bytes from the function. */
  readonly offset: number;
  /** Where the function returns. */
  readonly returns: boolean;
}

/** The perf event source of kernel probes (Linux 4.17). */
const source = "/sys/bus/event_source/devices/kprobe";
const ANY_PROCESS = -1;
const FIRST_CPU = 0;

export function haveProbeEvents(): boolean {
  return isThere(source);
}

/** perf_event_open(2) of a kernel probe. Gives the negative errno on failure. */
export function openKprobe(
  { sys, action }: AttachRequest<AttachTarget>,
  { symbol, offset, returns }: KprobePlace,
): Descriptor | number {
  const attributes = new KernelStruct(PerfEventAttr, {
    type: Number(readHostFile(`${source}/type`, action)),
    config: returns ? 1n << returnBit(action) : 0n,
    kprobe_func: symbol,
    probe_offset: offset,
  });
  const fd = sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU);
  return fd < 0 ? fd : new Descriptor(fd, `the event: ${action}`);
}

/** Which bit of `config` asks for the function's return: `config:0`. */
function returnBit(action: string): bigint {
  return BigInt(/^config:(\d+)/.exec(readHostFile(`${source}/format/retprobe`, action))?.[1] ?? 0);
}
