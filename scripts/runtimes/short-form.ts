/** The end of the paths of those files that CI runs on the newest Node, Bun and Deno: each part of the library that leans on the runtime. */
export const shortForm: readonly string[] = [
  // Rings
  "test/ring/read-only-memory",
  "test/ring/threads",
  "test/suite/event-ring",
  "test/suite/perf-event-array",
  "test/suite/blocking",
  "test/shared-ring/shared-ring",
  // Maps and memory
  "test/suite/maps",
  "test/suite/memory",
  "test/kernel/memory",
  "test/sys/mapping",
  // Loading and attaching
  "test/kernel/load",
  "test/kernel/attach",
  "test/kernel/links",
  // Dispatch and workers
  "test/dispatch/dispatch",
  "test/host/threads",
  "test/workers/workers",
  // The embedded engine
  "test/embedded/engine",
  "test/embedded/helpers",
  "test/embedded/threads",
  "test/sys/clock",
];
