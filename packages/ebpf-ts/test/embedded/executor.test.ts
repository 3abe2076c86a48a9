import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { helpers } from "../../src/engine/embedded/helpers/index.ts";
import { interpreter } from "../../src/engine/embedded/interpret/interpreter.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import type { Executor } from "../../src/engine/embedded/machine/executor.ts";
import type { HelperTable } from "../../src/engine/embedded/machine/helper.ts";
import { assembleMachine } from "../../src/engine/embedded/machine/machine.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { HelperId, MapType } from "../../src/uapi/uapi.gen.ts";
import {
  call,
  exit,
  loadFunction,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  runWith,
  task,
} from "./test-machine.ts";

const loop = [movImm(1, 3), loadFunction(2, 5), movImm(3, 0), movImm(4, 0), call("loop"), exit, movImm(0, 0), exit];

describe("the executor", () => {
  it("is handed in, and runs programs and their callbacks", () => {
    const { image } = machineOf(() => [loop], { functions: [7] });
    const depths: number[] = [];
    const watched: Executor = {
      open(machine, table) {
        const execute = interpreter.open(machine, table);
        return (run) => {
          depths.push(run.depth);
          execute(run);
        };
      },
    };
    const machine = assembleMachine(image, { executor: watched, helpers, openMap });
    assert.equal(runWith(machine).returnValue, 3n);
    assert.deepEqual(depths, [0, 1, 1, 1]);
  });

  it("may do without the instructions: what a run needs is in its registers", () => {
    const { image } = machineOf(() => [loop], { functions: [7] });
    const executor: Executor = { open: () => (run) => void (run.u64[0] = run.u64[1]! + 42n) };
    const machine = assembleMachine(image, { executor, helpers: [], openMap });
    const { start } = machine.image.regions.find(({ name }) => name === "the context of CPU 0")!;
    assert.equal(runWith(machine).returnValue, BigInt(start) + 42n);
  });

  it("has a name in the image, and one that nobody knows is refused", () => {
    const { image } = machineOf(() => [[movImm(0, 1), exit]]);
    assert.equal(image.executor, "interpreter");
    assert.throws(() => openMachine({ ...image, executor: "nobody" }), RangeError);
  });

  it("does what a helper's result says: goes on at another program, in the same frame", () => {
    const table: HelperTable = helpers.map((helper, id) =>
      id === HelperId.jiffies64 ? (run) => run.host.programs[1]! : helper,
    );
    const { image } = machineOf(() => [
      [movImm(6, 7), op(0x7a, 10, 0, -8, 35), call("jiffies64"), movImm(0, 1), exit],
      [op(0x79, 0, 10, -8), op(0x0f, 0, 6), exit],
    ]);
    const machine = assembleMachine(image, { executor: interpreter, helpers: table, openMap });
    assert.equal(runWith(machine).returnValue, 42n);
  });

  it("counts tail calls, whoever makes them: the 34th goes on behind the call", () => {
    const again = [mov(6, 1), op(0x07, 7, 0, 0, 0), loadMap(2, 0), movImm(3, 0), call("tail_call"), mov(0, 8), exit];
    const count = [op(0x07, 8, 0, 0, 1), ...again];
    const machine = machineOf(() => [count], { maps: [mapSpec("jumps", MapType.PROG_ARRAY, 4, 4, 1)] });
    machine.maps[0]!.setProgramAt!(0, 0);
    assert.equal(machine.run(0, { bytes: new Uint8Array(8) }, task).returnValue, 34n);
  });
});
