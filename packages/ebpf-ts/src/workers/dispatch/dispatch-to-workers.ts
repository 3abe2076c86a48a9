import { wrongKind } from "../../base/checks.ts";
import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import type { RingBuf } from "../../map/ring-buf.ts";
import { newJobTable } from "./job-table.ts";
import { keyBytes } from "./record-key.ts";
import { WorkerDispatch } from "./worker-dispatch.ts";
import { moduleUrl, type WorkerDispatchOptions, type WorkerDispatchResult, workerLimits } from "./worker-options.ts";

/**
 * Handles the events of a ring in worker threads. Each thread has the ring's memory itself: only where the records stand goes to it,
 * and there it is decoded and handed to the default export of `module` (a path or URL), a {@link WorkerHandler}.
 *
 * A record is given back to the ring when it and all before it are finished, so that nothing is lost with a thread that dies:
 * the record that it was at is handled once more, by the thread's replacement, and counts as failed when that dies too.
 *
 * It ends when `until` is settled or `signal` is aborted or the ring is closed, and all that was begun is finished: workers that make
 * no progress then, for `graceMs`, are terminated, which is an error. Errors are as with `dispatch`. What was not begun, or not
 * finished, is still in the ring.
 */
export async function dispatchToWorkers<T>(
  ringBuf: RingBuf<T>,
  module: string | URL,
  options: WorkerDispatchOptions<T> = {},
): Promise<WorkerDispatchResult> {
  const { workers, queue, slots, graceMs } = workerLimits(options as WorkerDispatchOptions<never>);
  // By what it does: a bundle may hold its class twice.
  if (typeof ringBuf?.lend !== "function") throw wrongKind("The ring of dispatchToWorkers()", "a RingBuf", ringBuf);
  const url = moduleUrl(module);
  const { name } = ringBuf;
  const run: { dispatch?: WorkerDispatch<T> } = {};
  const loan = ringBuf.lend(() => run.dispatch?.end());
  try {
    const { ring, type } = loan;
    if (ring.share === undefined) {
      throw new NotSupportedError("share", `Cannot read ring ${name} in worker threads: its engine cannot share it`);
    }
    if (ring.memory.overwrite !== undefined) {
      throw new NotSupportedError(
        "workers",
        `Cannot read ring ${name} in worker threads: its programs overwrite what is not finished yet`,
      );
    }
    const key = options.key === undefined ? undefined : keyBytes(options.key, type);
    const table = newJobTable(slots, workers);
    const setup = {
      module: url,
      ring: ring.share(),
      table,
      type: type === undefined ? undefined : { btf: type.btf.bytes, id: type.id },
      view: options.view ?? false,
      data: options.data,
    };
    run.dispatch = new WorkerDispatch({ name, loan, key, queue, graceMs, setup, options });
    return await run.dispatch.run();
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataCloneError") {
      throw new EbpfError(
        "BAD_VALUE",
        `Cannot start the workers of ring ${name}: the option data cannot be sent to a thread`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    loan.release();
  }
}
