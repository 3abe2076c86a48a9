/** Worker threads that read a ring's shared memory themselves. Node only. */
export { dispatchToWorkers } from "./dispatch/dispatch-to-workers.ts";
export { openEventRunner } from "./open/open-runner.ts";
export { openRingBuf, openUserRingBuf } from "./open/open-shared.ts";
export type { RecordBytes } from "./dispatch/record-key.ts";
export type { WorkerContext, WorkerHandler, WorkerModule } from "./dispatch/worker-module.ts";
export type { WorkerDispatchOptions, WorkerDispatchResult } from "./dispatch/worker-options.ts";
