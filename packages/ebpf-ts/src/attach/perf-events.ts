import { PerfHardware, PerfSoftware, PerfType } from "../uapi/uapi.gen.ts";

/** How the kernel is told of an event (`struct perf_event_attr`). */
export interface PerfEventNumbers {
  readonly type: number;
  readonly config: number;
}

/** As perf(1) has it: software events every kernel has, hardware events (from `cpu-cycles` on) are the processor's. */
export type PerfEventName =
  | "cpu-clock"
  | "task-clock"
  | "page-faults"
  | "minor-faults"
  | "major-faults"
  | "context-switches"
  | "cpu-migrations"
  | "alignment-faults"
  | "emulation-faults"
  | "cgroup-switches"
  | "cpu-cycles"
  | "instructions"
  | "cache-references"
  | "cache-misses"
  | "branch-instructions"
  | "branch-misses"
  | "bus-cycles"
  | "stalled-cycles-frontend"
  | "stalled-cycles-backend"
  | "ref-cycles";

const hardware = (config: number): PerfEventNumbers => ({ type: PerfType.HARDWARE, config });
const software = (config: number): PerfEventNumbers => ({ type: PerfType.SOFTWARE, config });

/** Events that can be sampled. */
export const perfEvents: Readonly<Record<PerfEventName, PerfEventNumbers>> = {
  "cpu-clock": software(PerfSoftware.CPU_CLOCK),
  "task-clock": software(PerfSoftware.TASK_CLOCK),
  "page-faults": software(PerfSoftware.PAGE_FAULTS),
  "minor-faults": software(PerfSoftware.PAGE_FAULTS_MIN),
  "major-faults": software(PerfSoftware.PAGE_FAULTS_MAJ),
  "context-switches": software(PerfSoftware.CONTEXT_SWITCHES),
  "cpu-migrations": software(PerfSoftware.CPU_MIGRATIONS),
  "alignment-faults": software(PerfSoftware.ALIGNMENT_FAULTS),
  "emulation-faults": software(PerfSoftware.EMULATION_FAULTS),
  "cgroup-switches": software(PerfSoftware.CGROUP_SWITCHES),
  "cpu-cycles": hardware(PerfHardware.CPU_CYCLES),
  instructions: hardware(PerfHardware.INSTRUCTIONS),
  "cache-references": hardware(PerfHardware.CACHE_REFERENCES),
  "cache-misses": hardware(PerfHardware.CACHE_MISSES),
  "branch-instructions": hardware(PerfHardware.BRANCH_INSTRUCTIONS),
  "branch-misses": hardware(PerfHardware.BRANCH_MISSES),
  "bus-cycles": hardware(PerfHardware.BUS_CYCLES),
  "stalled-cycles-frontend": hardware(PerfHardware.STALLED_CYCLES_FRONTEND),
  "stalled-cycles-backend": hardware(PerfHardware.STALLED_CYCLES_BACKEND),
  "ref-cycles": hardware(PerfHardware.REF_CPU_CYCLES),
};

/** The name of an event; undefined for one that has none here. */
export function perfEventName(type: number, config: number): PerfEventName | undefined {
  const names = Object.keys(perfEvents) as PerfEventName[];
  return names.find((name) => perfEvents[name].type === type && perfEvents[name].config === config);
}
