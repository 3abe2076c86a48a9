import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { createMap } from "../../src/engine/embedded/maps/create-map.ts";
import type { Machine } from "../../src/engine/embedded/machine/contracts.ts";
import { mapHandle } from "../../src/engine/embedded/machine/map-handle.ts";
import { SharedState } from "../../src/engine/embedded/machine/shared-state.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import type { LateMapsJob } from "./late-maps-worker.ts";
import {
  addImm,
  call,
  dataMap,
  exit,
  fetch64,
  load64,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  runWith,
  store64,
} from "./test-machine.ts";

/** Looks key 0 up in the map whose handle is in the context, and adds 1 to its value; r0 says whether there was one. */
const count = [
  fetch64(1, 1, 0),
  op(0x62, 10, 0, -4, 0),
  mov(2, 10),
  addImm(2, -4),
  call("map_lookup_elem"),
  op(0x15, 0, 0, 3, 0),
  movImm(1, 1),
  op(0xdb, 0, 1, 0, 0),
  movImm(0, 1),
  exit,
];

function contextOf(index: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(mapHandle(index)).buffer);
}

function counter(machine: Machine, index: number): bigint {
  return new BigUint64Array(machine.mapAt(index)!.read(new Uint8Array(4))!.slice().buffer)[0]!;
}

const array = mapSpec("later", MapType.ARRAY, 4, 8, 1);
const noSpace = (error: unknown): boolean => error instanceof EbpfError && error.code === "NO_SPACE";

async function openElsewhere(machine: Machine): Promise<Worker> {
  const worker = new Worker(new URL("./late-maps-worker.js", import.meta.url), { workerData: machine.image });
  await once(worker, "message");
  return worker;
}

async function order(worker: Worker, job: LateMapsJob): Promise<number> {
  const answer = once(worker, "message");
  worker.postMessage(job);
  return (await answer)[0] as number;
}

describe("maps that are made after load", () => {
  it("are found by programs on threads that had opened the machine before", async () => {
    const machine = machineOf(() => [count]);
    const worker = await openElsewhere(machine);
    try {
      const index = createMap(machine, array);
      assert.equal(await order(worker, { deed: "run", context: contextOf(index), times: 3 }), 3);
      assert.equal(runWith(machine, { bytes: contextOf(index) }).returnValue, 1n);
      assert.equal(counter(machine, index), 4n);
    } finally {
      await worker.terminate();
    }
  });

  it("may be of every kind, and are like others", () => {
    const machine = machineOf(() => [count], { maps: [array] });
    const hash = createMap(machine, mapSpec("hash", MapType.LRU_HASH, 4, 8, 4));
    const perCpu = createMap(machine, mapSpec("per_cpu", MapType.PERCPU_ARRAY, 4, 8, 4));
    const ring = createMap(machine, mapSpec("ring", MapType.RINGBUF, 0, 0, 4096));
    const programs = createMap(machine, mapSpec("programs", MapType.PROG_ARRAY, 4, 4, 4));
    assert.equal(runWith(machine, { bytes: contextOf(hash) }).returnValue, 0n);
    machine.mapAt(hash)!.write(new Uint8Array(4), new Uint8Array(8), 0);
    for (const index of [hash, perCpu]) assert.equal(runWith(machine, { bytes: contextOf(index) }).returnValue, 1n);
    assert.equal(counter(machine, hash), 1n);
    assert.equal(machine.mapAt(ring)!.ring!.output(new Uint8Array(8), 0n), 0);
    assert.equal(machine.mapAt(programs)!.setProgramAt!(0, 0), 0);
    assert.equal(machine.mapAt(0), machine.maps[0]);
    for (const index of [-1, 1, 2 ** 40])
      assert.equal(machine.mapAt(index), index === 1 ? machine.mapAt(hash) : undefined);
  });

  it("are what faults speak of, and hold what their flags say", () => {
    const write = [fetch64(2, 1, 0), store64(2, 0, 2), movImm(0, 0), exit];
    const machine = machineOf(() => [write]);
    const index = createMap(machine, { ...array, name: "constänt", flags: MapFlag.RDONLY_PROG });
    const { address } = machine.mapAt(index)!.image;
    const bytes = (at: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(at)).buffer);
    assert.throws(() => runWith(machine, { bytes: bytes(address) }), /which is in map constänt but .* not for writing/);
    assert.throws(() => runWith(machine, { bytes: bytes(address + 4) }), /runs over the end of map constänt/);
    assert.throws(() => runWith(machine, { bytes: bytes(address - 8) }), /in no map, stack or context/);
    const hash = machine.mapAt(createMap(machine, mapSpec("hash", MapType.HASH, 4, 8, 1)))!.image;
    assert.throws(() => runWith(machine, { bytes: bytes(hash.state) }), /in no map, stack or context/);
  });

  it("that are taken away are no maps any more, also when their memory and their place are used again", () => {
    const machine = machineOf(() => [count]);
    const first = createMap(machine, array);
    runWith(machine, { bytes: contextOf(first) });
    const { address } = machine.mapAt(first)!.image;
    assert.equal(machine.removeMap(first), true);
    assert.equal(machine.removeMap(first), false);
    assert.equal(machine.removeMap(0), false);
    const second = createMap(machine, { ...array, name: "second" });
    assert.equal(machine.mapAt(second)!.image.address, address);
    assert.equal(counter(machine, second), 0n);
    assert.notEqual(second, first);
    assert.equal(machine.mapAt(first), undefined);
    assert.throws(() => runWith(machine, { bytes: contextOf(first) }), /no map where a map belongs/);
  });

  it("keep their memory while a run goes on that may hold it", () => {
    const printing = [
      fetch64(1, 1, 0),
      op(0x62, 10, 0, -4, 0),
      mov(2, 10),
      addImm(2, -4),
      call("map_lookup_elem"),
      op(0x55, 0, 0, 1, 0),
      exit,
      mov(6, 0),
      op(0x62, 10, 0, -8, 0x78),
      mov(1, 10),
      addImm(1, -8),
      movImm(2, 2),
      call("trace_printk"),
      op(0x7a, 6, 0, 0, 77),
      movImm(0, 1),
      exit,
    ];
    const machine = machineOf(() => [printing], { cpus: 2 });
    const index = createMap(machine, array);
    const { address } = machine.mapAt(index)!.image;
    let meanwhile = 0;
    machine.onPrint = () => {
      assert.equal(machine.removeMap(index), true);
      meanwhile = createMap(machine, array);
    };
    assert.equal(runWith(machine, { bytes: contextOf(index) }).returnValue, 1n);
    assert.notEqual(machine.mapAt(meanwhile)!.image.address, address);
    assert.equal(counter(machine, meanwhile), 0n);
    assert.equal(machine.mapAt(createMap(machine, array))!.image.address, address);
  });

  it("end where the heap ends, which loses nothing by it", () => {
    const machine = machineOf(() => [count], { heap: 20 * 4096 });
    const made: number[] = [];
    assert.throws(() => {
      for (;;) made.push(createMap(machine, array));
    }, noSpace);
    assert.equal(made.length, 10);
    assert.throws(() => createMap(machine, array), /Cannot create map later: the heap/);
    for (const index of made.slice(0, 2)) machine.removeMap(index);
    // The values of a hash fit then, its bookkeeping does not: the values are given back.
    assert.throws(() => createMap(machine, mapSpec("hash", MapType.HASH, 4, 8, 1000)), noSpace);
    const small = createMap(machine, mapSpec("small", MapType.HASH, 4, 8, 4));
    assert.equal(machine.mapAt(small)!.image.name, "small");
    assert.throws(() => createMap(machine, array), noSpace);
    assert.throws(() => createMap(machine, { ...array, keySize: 8 }), { code: "BAD_OBJECT" });
  });

  it("are as many as the directory holds", () => {
    const machine = machineOf(() => [count]);
    for (let made = 0; made < 4096; made += 1) createMap(machine, mapSpec("tiny", MapType.ARRAY, 4, 8, 1));
    assert.throws(() => createMap(machine, array), /too many/);
  });

  it("hold what was put into them, and give everything back, in any order", () => {
    const pages = 60;
    const types = [MapType.ARRAY, MapType.HASH, MapType.LRU_HASH, MapType.PERCPU_ARRAY, MapType.PERCPU_HASH];
    const deed = fc.record({
      type: fc.constantFrom(...types),
      entries: fc.integer({ min: 1, max: 600 }),
      remove: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60, size: "max" }), (deeds) => {
        const machine = machineOf(() => [count], { heap: pages * 4096 });
        const made = new Map<number, Uint8Array>();
        for (const [number, { type, entries, remove }] of deeds.entries()) {
          const old = [...made.keys()][remove];
          if (old !== undefined) {
            assert.deepEqual(machine.mapAt(old)!.read(new Uint8Array(4)), made.get(old));
            assert.equal(machine.removeMap(old), made.delete(old));
            continue;
          }
          try {
            const index = createMap(machine, mapSpec(`map_${number}`, type, 4, 8, entries));
            const map = machine.mapAt(index)!;
            const value = new Uint8Array(map.write(new Uint8Array(4), new Uint8Array(8), 0) === 0 ? 8 : 16).fill(
              number + 1,
            );
            assert.equal(map.write(new Uint8Array(4), value, 0), 0);
            made.set(index, value);
          } catch (error) {
            assert.ok(noSpace(error), String(error));
          }
        }
        for (const [index, value] of made) {
          assert.deepEqual(machine.mapAt(index)!.read(new Uint8Array(4)), value);
          machine.removeMap(index);
        }
        const largest = { ...array, valueSize: (pages - 1) * 4096 };
        assert.deepEqual(
          machine.mapAt(createMap(machine, largest))!.read(new Uint8Array(4)),
          new Uint8Array(largest.valueSize),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("are made and taken away by many threads at once", async () => {
    const machine = machineOf(() => [count]);
    const workers = await Promise.all([openElsewhere(machine), openElsewhere(machine), openElsewhere(machine)]);
    try {
      const faults = await Promise.all(workers.map((worker) => order(worker, { deed: "make", times: 700 })));
      assert.deepEqual(faults, [0, 0, 0]);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});

describe("epochs", () => {
  it("have passed when no run is left that began before", () => {
    const buffer = SharedState.bufferFor(2);
    const [one, other] = [new SharedState(buffer, 2), new SharedState(buffer, 2)];
    const early = one.tryTakeCpu();
    const epoch = other.nextEpoch();
    const late = one.tryTakeCpu();
    assert.equal(other.hasPassed(epoch), false);
    one.giveCpu(early);
    assert.equal(other.hasPassed(epoch), true);
    const next = other.nextEpoch();
    assert.equal(one.hasPassed(next), false);
    one.giveCpu(late);
    assert.equal(one.hasPassed(next), true);
  });

  it("come round", () => {
    const buffer = SharedState.bufferFor(1);
    const state = new SharedState(buffer, 1);
    new Int32Array(buffer)[1] = 2 ** 31 - 1;
    const cpu = state.tryTakeCpu();
    const epoch = state.nextEpoch();
    assert.equal(epoch, -(2 ** 31) + 1);
    assert.equal(state.hasPassed(epoch), false);
    state.giveCpu(cpu);
    state.tryTakeCpu();
    assert.equal(state.hasPassed(epoch), true);
  });
});

it("an image's maps and those made later have handles alike", () => {
  const program = [
    load64(1, mapHandle(0)),
    op(0x62, 10, 0, -4, 0),
    mov(2, 10),
    addImm(2, -4),
    call("map_lookup_elem"),
    exit,
  ];
  const machine = machineOf((maps) => [program.flat(), [movImm(0, maps[0]!.address), exit]], {
    maps: [dataMap("d", 8)],
  });
  assert.equal(runWith(machine).returnValue, runWith(machine, {}, undefined, 1).returnValue);
});
