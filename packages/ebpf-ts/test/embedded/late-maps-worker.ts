/** A thread that opens a machine, and afterwards runs its programs with handles of maps that others make. */
import { parentPort, workerData } from "node:worker_threads";
import type { MachineImage } from "../../src/engine/embedded/machine/image.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import { createMap } from "../../src/engine/embedded/maps/create-map.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { mapSpec, task } from "./test-machine.ts";

export type LateMapsJob =
  /** Runs program 0 so often, with the context that is given. */
  | { readonly deed: "run"; readonly context: Uint8Array; readonly times: number }
  /** Makes a map, fills it, looks at it and takes it away, so often. */
  | { readonly deed: "make"; readonly times: number };

const machine = openMachine(workerData as MachineImage);

function make(round: number): number {
  const index = createMap(machine, mapSpec(`made_${round}`, MapType.HASH, 4, 8, 1 + (round % 300)));
  const map = machine.mapAt(index)!;
  const key = Uint8Array.of(round, round >> 8, 0, 0);
  const clean = map.nextKey(undefined) === undefined;
  map.write(key, new Uint8Array(8).fill(round), 0);
  const right = map.read(key)![7] === (round & 255) && map.image.name === `made_${round}`;
  return clean && right && machine.removeMap(index) && machine.mapAt(index) === undefined ? 0 : 1;
}

parentPort!.on("message", (job: LateMapsJob) => {
  let sum = 0;
  for (let round = 0; round < job.times; round += 1) {
    sum +=
      job.deed === "make"
        ? make(round)
        : Number(machine.run(0, { bytes: job.context, writable: true }, task).returnValue);
  }
  parentPort!.postMessage(sum);
});
parentPort!.postMessage("open");
