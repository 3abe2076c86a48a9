/** Worker threads that read a ring's shared memory themselves. Node only. */
export { dispatchToWorkers } from "./dispatch-to-workers.ts";
export { openRingBuf } from "./open-ring-buf.ts";
export { openUserRing } from "./open-user-ring.ts";
export type { RecordBytes } from "./record-key.ts";
export type { WorkerContext, WorkerHandler, WorkerModule } from "./worker-module.ts";
export type { WorkerDispatchOptions, WorkerDispatchResult } from "./worker-options.ts";
