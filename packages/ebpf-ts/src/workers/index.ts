/** Worker threads that read a ring's shared memory themselves. Node only. */
export { dispatchToWorkers } from "./dispatch/dispatch-to-workers.ts";
export { openRingBuf } from "./open/open-ring-buf.ts";
export { openUserRingBuf } from "./open/open-user-ring-buf.ts";
export type { RecordBytes } from "./dispatch/record-key.ts";
export type { WorkerContext, WorkerHandler, WorkerModule } from "./dispatch/worker-module.ts";
export type { WorkerDispatchOptions, WorkerDispatchResult } from "./dispatch/worker-options.ts";
