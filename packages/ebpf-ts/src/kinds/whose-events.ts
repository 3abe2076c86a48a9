import { AttachType, ProgType } from "../uapi/uapi.gen.ts";
import { findProgramKind } from "./find-program-kind.ts";

/**
 * Why an event that a program of that kind sees is not the current task's; undefined where it is: then the task that runs when the program
 * does, as bpf_get_current_pid_tgid gives it, is the one whose event it is.
 */
export function whyNotCurrentTask(kind: string): string | undefined {
  const known = findProgramKind(kind);
  switch (known?.type) {
    case ProgType.KPROBE:
    case ProgType.TRACEPOINT:
    case ProgType.RAW_TRACEPOINT:
    case ProgType.RAW_TRACEPOINT_WRITABLE:
    case ProgType.PERF_EVENT:
      return undefined;
    case ProgType.TRACING:
      return tracing[known.attachType ?? 0];
    case ProgType.LSM:
      return "it decides what may be done, rather than watch it";
    case undefined:
    default:
      return "it works on packets, sockets or the like, for which no task stands";
  }
}

const tracing: Readonly<Record<number, string>> = {
  [AttachType.TRACE_ITER]: "it is run by whoever reads it",
  [AttachType.MODIFY_RETURN]: "it decides what may be done, rather than watch it",
};
