import { type EbpfError, NotSupportedError, SyscallError } from "../../../../base/errors.ts";
import { isThere, readHostFile } from "../../../../host/system-files.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import { failure } from "../../failure.ts";
import { missingOf, missingPrivilege } from "../../privilege.ts";

/** The perf event source of user probes (Linux 4.17). */
const source = "/sys/bus/event_source/devices/uprobe";
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
  const attributes = new KernelStruct(PerfEventAttr, {
    type: Number(readSource("type", action)),
    config: (returns ? 1n << bitOf("retprobe", action) : 0n) | counterBits(refCtrOffset, action),
    uprobe_path: path,
    probe_offset: offset,
  });
  // A process on whatever CPU, or everybody: of the event's CPU nothing is asked then.
  const fd = sys.perfEventOpen(attributes, pid, pid === ANY ? FIRST_CPU : ANY);
  if (fd < 0) throw openFailure(fd, action, place);
  return new Descriptor(fd, `the event: ${action}`);
}

function readSource(name: string, action: string): string {
  if (!isThere(source)) {
    throw new NotSupportedError(
      "uprobe",
      `Cannot ${action}: this kernel has no uprobes (CONFIG_UPROBE_EVENTS, Linux 4.17)`,
      "4.17",
    );
  }
  return readHostFile(`${source}/${name}`, action).trim();
}

/** Which bit of `config` a field of the source begins with: `config:0`, `config:32-63`. */
function bitOf(field: string, action: string): bigint {
  return BigInt(/^config:(\d+)/.exec(readSource(`format/${field}`, action))?.[1] ?? 0);
}

function counterBits(offset: number, action: string): bigint {
  if (offset === 0) return 0n;
  if (isThere(source) && !isThere(`${source}/format/ref_ctr_offset`)) {
    throw new NotSupportedError(
      "refCtrOffset",
      `Cannot ${action}: its place has a semaphore, which this kernel does not count (Linux 4.20)`,
      "4.20",
    );
  }
  return BigInt(offset) << bitOf("ref_ctr_offset", action);
}

function openFailure(result: number, action: string, { path, pid, refCtrOffset }: UprobePlace): EbpfError {
  if (result === -Errno.EACCES) return refusedProbe(action, path);
  if (result === -Errno.ESRCH) return failure(result, action, "perf_event_open", `there is no process ${pid}`);
  if (result !== -Errno.EINVAL) return failure(result, action, "perf_event_open");
  const counter = refCtrOffset === 0 ? "" : ", or no counter there, or another probe has it with another";
  return failure(result, action, "perf_event_open", `${path} has no code to probe there${counter}`);
}

/** To whom it is left is the kernel's matter: to CAP_PERFMON, or to CAP_SYS_ADMIN (Linux 6.18), as before CAP_PERFMON was. */
function refusedProbe(action: string, path: string): EbpfError {
  const isTracer = missingOf(["CAP_PERFMON"]).length === 0;
  const why = isTracer
    ? `this kernel lets CAP_SYS_ADMIN alone probe ${path} by a perf event, and CAP_PERFMON by a link of many: write SEC("uprobe.multi") (Linux 6.6)`
    : missingPrivilege(["CAP_BPF", "CAP_PERFMON"]);
  return new SyscallError("perf_event_open", Errno.EACCES, "EACCES", `Cannot ${action}: ${why}`, "NO_PRIVILEGE");
}
