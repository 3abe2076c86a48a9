import { parentPort, workerData } from "node:worker_threads";
import type { MachineImage } from "../../src/engine/embedded/machine/image.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import { task } from "./test-machine.ts";

const { image, runs, faults } = workerData as { image: MachineImage; runs: number; faults: boolean };
const machine = openMachine(image);
let failed = 0;
for (let done = 0; done < runs; done++) {
  machine.run(0, { bytes: new Uint8Array(8) }, task);
  if (!faults) continue;
  try {
    machine.run(1, { bytes: new Uint8Array(8) }, task);
  } catch {
    failed++;
  }
}
parentPort!.postMessage(failed);
