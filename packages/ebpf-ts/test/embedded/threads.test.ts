import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { ownThread } from "../../src/base/thread-lives.ts";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";
import { SharedState } from "../../src/engine/embedded/machine/shared-state.ts";
import type { Machine } from "../../src/engine/embedded/machine/contracts.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  callLocal,
  type Code,
  dataMap,
  exit,
  fetch64,
  load64,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  runWith,
  store64,
  valueOf,
} from "./test-machine.ts";

async function inWorkers(machine: Machine, workers: number, runs: number, faults: boolean): Promise<number[]> {
  const url = new URL("./machine-worker.js", import.meta.url);
  const started = Array.from(
    { length: workers },
    () => new Worker(url, { workerData: { image: machine.image, runs, faults } }),
  );
  return Promise.all(started.map(async (worker) => (await once(worker, "message"))[0] as number));
}

describe("many threads on one machine", () => {
  it("an atomic counter, a plain one per CPU, and a ring: nothing is lost, with fewer CPUs than threads", async () => {
    const maps = [
      dataMap("total", 8),
      mapSpec("per_cpu", MapType.PERCPU_ARRAY, 4, 8, 1),
      mapSpec("events", MapType.RINGBUF, 0, 0, 1 << 20),
    ];
    const count = (address: bigint) => [
      movImm(2, 1),
      load64(3, address),
      op(0xdb, 3, 2, 0, 0),
      loadMap(1, 1),
      op(0x62, 10, 0, -4, 0),
      mov(2, 10),
      addImm(2, -4),
      call("map_lookup_elem"),
      op(0x15, 0, 0, 3, 0),
      fetch64(1, 0, 0),
      addImm(1, 1),
      store64(0, 0, 1),
      loadMap(1, 2),
      movImm(2, 8),
      movImm(3, 0),
      call("ringbuf_reserve"),
      op(0x15, 0, 0, 4, 0),
      store64(0, 0, 10),
      mov(1, 0),
      movImm(2, 0),
      call("ringbuf_submit"),
      movImm(0, 0),
      exit,
    ];
    const fault = [movImm(2, 0), fetch64(0, 2, 0), exit];
    const machine = machineOf((images) => [count(BigInt(images[0]!.address)), fault], { maps, cpus: 2 });
    const [workers, runs] = [4, 5000];
    assert.deepEqual(
      await inWorkers(machine, workers, runs, true),
      Array.from({ length: workers }, () => runs),
    );
    assert.equal(new BigUint64Array(valueOf(machine, 0).slice().buffer)[0], BigInt(workers * runs));
    const perCpu = new BigUint64Array(machine.maps[1]!.read(new Uint8Array(4))!.slice().buffer);
    assert.equal(
      [...perCpu].reduce((sum, value) => sum + value, 0n),
      BigInt(workers * runs),
    );
    assert.equal(Atomics.load(machine.maps[2]!.ring!.memory.producer, 0), BigInt(workers * runs * 16));
    runWith(machine);
  });

  it("a CPU that is taken is not given twice", () => {
    const buffer = SharedState.bufferFor(2);
    const [one, other] = [new SharedState(buffer, 2), new SharedState(buffer, 2)];
    assert.deepEqual([one.tryTakeCpu(), other.tryTakeCpu(), one.tryTakeCpu()], [0, 1, -1]);
    other.giveCpu(0);
    assert.deepEqual([one.tryTakeCpu(), one.tryTakeCpu()], [0, -1]);
  });

  it("a stack is zero, whatever ran there before, and whoever was ended there", () => {
    knowThreads();
    const fill = [store64(10, -8, 10), mov(1, 1), store64(10, -512, 10), mov(1, 1)];
    const read = [fetch64(1, 10, -8), op(0x4f, 0, 1), fetch64(1, 10, -512), op(0x4f, 0, 1)];
    const inTwoFrames = (body: readonly Code[]): Code[] => [movImm(0, 0), ...body, callLocal(1), exit, ...body, exit];
    const machine = machineOf(() => [inTwoFrames(fill), inTwoFrames(read)], { functions: [7], cpus: 1 });
    const readAll = (): bigint => runWith(machine, {}, undefined, 1).returnValue;
    runWith(machine);
    assert.equal(readAll(), 0n);
    const { start, end } = machine.image.regions.find(({ name }) => name === "the stack of CPU 0")!;
    const stack = new Uint8Array(machine.image.memory.buffer, start, end - start);
    stack.fill(1);
    assert.notEqual(readAll(), 0n, "it is where one thinks");
    stack.fill(1);
    const ownerOfFirst = 3;
    const startedAtAnotherTime = 1 << 22;
    new Int32Array(machine.image.shared)[ownerOfFirst] = ownThread() ^ startedAtAnotherTime;
    assert.equal(readAll(), 0n);
    assert.ok(stack.every((byte) => byte === 0));
  });

  it("a run that finds no CPU says so in the end", () => {
    const machine = machineOf(() => [[movImm(0, 1), exit]], { cpus: 1 });
    const state = new SharedState(machine.image.shared, 1);
    assert.equal(state.tryTakeCpu(), 0);
    const before = state.releases;
    state.waitForCpu(before, 20);
    assert.equal(state.releases, before);
    state.giveCpu(0);
    state.waitForCpu(before, 60_000);
    assert.equal(runWith(machine).returnValue, 1n);
  });
});
