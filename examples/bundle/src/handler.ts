/** What each worker thread does with an event. */
import type { WorkerHandler } from "ebpf-ts/workers";
import type { Call } from "./calls.bpf.ts";

const handle: WorkerHandler<Call> = ({ comm, pid, target }, context) => {
  context.send(`${comm} calls kill(2) for ${target === pid ? "itself" : `process ${target}`}`);
};

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default handle;
