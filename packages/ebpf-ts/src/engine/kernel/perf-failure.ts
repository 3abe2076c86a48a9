import { type EbpfError, SyscallError } from "../../base/errors.ts";
import { lockedDownBy } from "../../host/locked-down.ts";
import { readIfThere } from "../../host/system-files.ts";
import { Errno, errnoName } from "../../uapi/errno.ts";
import { failure } from "./failure.ts";
import { missingOf, missingPrivilege } from "./privilege.ts";

const call = "perf_event_open";
const paranoidSetting = "kernel.perf_event_paranoid";
/** Debian's kernels and Ubuntu's know a step beyond those of others. */
const mostParanoid = 2;

/** The error for what perf_event_open(2) refused. `denied` follows where the privileges that are known are there. */
export function perfFailure(result: number, action: string, denied?: string): EbpfError {
  const errno = Math.abs(result);
  const isDenied = (errno === Errno.EACCES || errno === Errno.EPERM) && lockedDownBy("privileged") === undefined;
  if (!isDenied) return failure(errno, action, call);
  return new SyscallError(call, errno, errnoName(errno), `Cannot ${action}: ${whyDenied(denied)}`, "NO_PRIVILEGE");
}

function whyDenied(denied: string | undefined): string {
  if (missingOf(["CAP_PERFMON"]).length > 0) return missingPrivilege(["CAP_BPF", "CAP_PERFMON"]);
  const paranoid = Number(readIfThere("/proc/sys/kernel/perf_event_paranoid") ?? 0);
  if (paranoid <= mostParanoid || missingOf(["CAP_SYS_ADMIN"]).length === 0) return denied ?? missingPrivilege();
  return `${paranoidSetting} is ${paranoid}, by which this kernel leaves perf events to CAP_SYS_ADMIN: set it to ${mostParanoid}, or attach to what takes none (raw_tp, tp_btf, fentry, uprobe.multi)`;
}
