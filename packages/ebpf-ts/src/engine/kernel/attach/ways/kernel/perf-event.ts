import type { PerfEventTarget } from "../../../../../attach/targets/kernel/perf-event.ts";
import { perfEvents } from "../../../../../attach/perf-events.ts";
import { EbpfError, NotSupportedError } from "../../../../../base/errors.ts";
import { refusal } from "../../../../../host/refusal.ts";
import { namesIn, readIfThere } from "../../../../../host/system-files.ts";
import { Descriptor } from "../../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { PerfEventAttr } from "../../../../../uapi/structs.gen.ts";
import { PerfType } from "../../../../../uapi/uapi.gen.ts";
import { onlineCpus } from "../../../cpus.ts";
import { failure } from "../../../failure.ts";
import { perfFailure } from "../../../perf-failure.ts";
import { type Attach, attachmentOf, type AttachRequest } from "../../attachment.ts";
import { attachToEvent } from "../../perf-event.ts";

/** An event counts one thread, or everybody, on one CPU, or on all: but not everybody on all. */
interface Counted {
  readonly thread: number;
  readonly cpu: number;
}

const ANY = -1;
type Request = AttachRequest<PerfEventTarget>;

/** A perf event for each CPU, or for each thread of a process; the program is linked to all of them. */
export const attachPerfEvent: Attach<PerfEventTarget> = async (request) =>
  attachmentOf(countedBy(request), (counted) => {
    return attachToEvent(request, openEvent(request, counted), request.target.cookie);
  });

function countedBy({ target: { cpu, pid }, action }: Request): Counted[] {
  if (pid !== undefined) return threadsOf(pid, action).map((thread) => ({ thread, cpu: cpu ?? ANY }));
  return (cpu === undefined ? onlineCpus() : [cpu]).map((each) => ({ thread: ANY, cpu: each }));
}

function threadsOf(pid: number, action: string): number[] {
  try {
    return namesIn(`/proc/${pid}/task`).map(Number);
  } catch (cause) {
    throw refusal(cause, action, () => {
      return new EbpfError("NOT_FOUND", `Cannot ${action}: there is no process ${pid}`, { cause });
    });
  }
}

function openEvent({ sys, target, action }: Request, { thread, cpu }: Counted): Descriptor {
  const { frequency, period } = target;
  const attributes = new KernelStruct(PerfEventAttr, {
    ...perfEvents[target.event],
    // Enabled when the program is linked to it.
    disabled: 1,
    ...(frequency === undefined ? { sample_period: period } : { sample_freq: frequency, freq: 1 }),
    ...(thread === ANY ? {} : { inherit: 1, inherit_thread: 1 }),
  });
  let fd = sys.perfEventOpen(attributes, thread, cpu);
  if (fd === -Errno.EINVAL && thread !== ANY) {
    // Before Linux 5.13 events go over to threads only together with processes.
    fd = sys.perfEventOpen(attributes.assign({ inherit: 0, inherit_thread: 0 }), thread, cpu);
  }
  if (fd < 0) throw refused(-fd, action, target);
  return new Descriptor(fd, `the event: ${action}`);
}

function refused(errno: number, action: string, { event, frequency, cpu, pid }: PerfEventTarget): EbpfError {
  const because = (why: string): EbpfError => failure(errno, action, "perf_event_open", why);
  switch (errno) {
    case Errno.ENOENT:
    case Errno.EOPNOTSUPP: {
      const instead = perfEvents[event].type === PerfType.HARDWARE ? ", take cpu-clock, which every kernel has" : "";
      return new NotSupportedError(event, `Cannot ${action}: this machine does not count ${event}${instead}`);
    }
    case Errno.EINVAL: {
      const most = readIfThere("/proc/sys/kernel/perf_event_max_sample_rate")?.trim();
      if (cpu !== undefined && !onlineCpus().includes(cpu)) return because(`there is no CPU ${cpu}`);
      if (frequency === undefined || most === undefined || frequency <= Number(most))
        return failure(errno, action, "perf_event_open");
      return because(`the kernel takes no more than ${most} samples a second (kernel.perf_event_max_sample_rate)`);
    }
    case Errno.ENODEV:
      return because(`there is no CPU ${cpu}, or it is offline`);
    case Errno.ESRCH:
      return because(`there is no process ${pid}`);
    default:
      return perfFailure(errno, action);
  }
}
