import type { PerfMemory } from "../ring/perf/perf-memory.ts";
import type { RingBell } from "../ring/ring-memory.ts";

/** How perf rings are made (`struct perf_event_attr`): the options, with all defaults filled in. */
export interface PerfOptions {
  /** Pages of memory of each CPU's ring: a power of two. */
  readonly pages: number;
  /** Wakes the reader after so many bytes or events; undefined after each event. */
  readonly watermark: { readonly bytes: number } | { readonly events: number } | undefined;
  /** New records overwrite old ones, written backwards; the memory is then for reading only. */
  readonly overwritable: boolean;
}

/** The rings of a perf event array, one per CPU. */
export interface EnginePerf {
  readonly rings: readonly { readonly cpu: number; readonly memory: PerfMemory }[];
  /** Rings when one of the CPUs wakes its reader. What came while it was not armed may be missed: look at the rings after arming it. */
  bell(onRing: () => void): RingBell;
  /** While paused, programs cannot write: their events are lost, and counted (PERF_EVENT_IOC_PAUSE_OUTPUT, Linux 4.7). */
  setPaused(paused: boolean): void;
  /** Takes the rings out of the map. Idempotent. */
  close(): void;
}
