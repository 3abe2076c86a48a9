import { type EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import { failure } from "../../failure.ts";
import { perfFailure } from "../../perf-failure.ts";
import { haveProbeField, haveProbeSource, probeBit, probeType } from "../probe-source.ts";

const ANY = -1;
const FIRST_CPU = 0;

/** A place in the code of a file. */
export interface UprobePlace {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Undefined: every process. */
  readonly pid?: number | undefined;
  /** Where the function that begins there returns. */
  readonly returns: boolean;
  /** Of a USDT semaphore, bytes from the start of the file; 0 for none. */
  readonly refCtrOffset: number;
}

/** perf_event_open(2) of a user probe. `action` follows "Cannot". */
export function openUprobe(sys: Sys, place: UprobePlace, action: string): Descriptor {
  const { path, offset, pid = ANY, returns, refCtrOffset } = place;
  refuseWithout(action);
  const attributes = new KernelStruct(PerfEventAttr, {
    type: probeType("uprobe", action),
    config: (returns ? 1n << probeBit("uprobe", "retprobe", action) : 0n) | counterBits(refCtrOffset, action),
    uprobe_path: path,
    probe_offset: offset,
  });
  // A process on whatever CPU, or everybody: of the event's CPU nothing is asked then.
  const fd = sys.perfEventOpen(attributes, pid, pid === ANY ? FIRST_CPU : ANY);
  if (fd < 0) throw openFailure(fd, action, place);
  return new Descriptor(fd, `the event: ${action}`);
}

function refuseWithout(action: string): void {
  if (haveProbeSource("uprobe")) return;
  const message = `Cannot ${action}: this kernel has no uprobes (CONFIG_UPROBE_EVENTS, Linux 4.17)`;
  throw new NotSupportedError("uprobe", message, "4.17");
}

function counterBits(offset: number, action: string): bigint {
  if (offset === 0) return 0n;
  if (haveProbeField("uprobe", "ref_ctr_offset")) return BigInt(offset) << probeBit("uprobe", "ref_ctr_offset", action);
  throw new NotSupportedError(
    "refCtrOffset",
    `Cannot ${action}: its place has a semaphore, which this kernel does not count (Linux 4.20)`,
    "4.20",
  );
}

function openFailure(result: number, action: string, { path, pid, refCtrOffset }: UprobePlace): EbpfError {
  if (result === -Errno.EACCES) return perfFailure(result, action, leftToAdmin(path));
  if (result === -Errno.ESRCH) return failure(result, action, "perf_event_open", `there is no process ${pid}`);
  if (result !== -Errno.EINVAL) return failure(result, `${action} to ${path}`, "perf_event_open");
  const counter = refCtrOffset === 0 ? "" : ", or no counter there, or another probe has it with another";
  return failure(result, action, "perf_event_open", `${path} has no code to probe there${counter}`);
}

/** As before CAP_PERFMON was (Linux 5.8), some kernels do that again (Linux 6.18). */
const leftToAdmin = (path: string): string =>
  `this kernel lets CAP_SYS_ADMIN alone probe ${path} by a perf event, and CAP_PERFMON by a link of many: write SEC("uprobe.multi") (Linux 6.6)`;
