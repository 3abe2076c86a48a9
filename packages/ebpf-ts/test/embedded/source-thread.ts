/** A thread that fires events: each program gets the numbers up to `count`, as its context. */
import { parentPort, workerData } from "node:worker_threads";
import { runContext } from "../../src/engine/embedded/sources/context-type.ts";
import { openEventRunner } from "../../src/engine/embedded/sources/event-runner.ts";
import { task } from "./test-machine.ts";
import { type SourceThreadData, tickContext } from "./test-source.ts";

if (parentPort !== null && workerData !== null) {
  const { image, programs, count } = workerData as SourceThreadData;
  const faults: string[] = [];
  const runner = openEventRunner(image, { onPrint: () => {}, onFault: (fault) => faults.push(fault.message) });
  const bytes = new Uint8Array(tickContext.size);
  const context = runContext({ type: tickContext, bytes });
  for (let value = 0; value < count; value++) {
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    for (const program of programs) runner.run(program, context, task);
  }
  parentPort.postMessage(faults);
}
