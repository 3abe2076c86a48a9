import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { EbpfError, ProgramFault } from "../../src/base/errors.ts";
import { load } from "../../src/load.ts";
import type { Machine, Task } from "../../src/engine/embedded/machine/contracts.ts";
import { Slices } from "../../src/engine/embedded/machine/slices.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  type Code,
  dataMap,
  exit,
  load64,
  loadFunction,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  runWith,
  specOf,
  store64,
  task,
  valueOf,
} from "./test-machine.ts";

const endless: Code[] = [op(0x05, 0, 0, -1), exit];
/** `hi`, printed. */
const print: Code[] = [
  movImm(1, 0x6968),
  store64(10, -8, 1),
  mov(1, 10),
  addImm(1, -8),
  movImm(2, 3),
  call("trace_printk"),
];

function faultOf(machine: Machine, who: Task = task): string {
  try {
    runWith(machine, {}, who);
  } catch (error) {
    if (error instanceof ProgramFault) return error.message;
    throw error;
  }
  return assert.fail("nothing went wrong");
}

describe("the time of a run", () => {
  it("is limited, whatever the budget", () => {
    const machine = machineOf(() => [endless], { budget: Number.MAX_SAFE_INTEGER, maxRunMs: 5 });
    assert.match(faultOf(machine), /took longer than the 5 ms that a run may take \(maxRunMs\)/);
  });

  it("is looked at in callbacks, and inside of helpers", () => {
    const loop: Code[] = [
      movImm(1, 1 << 23),
      loadFunction(2, 5),
      movImm(3, 0),
      movImm(4, 0),
      call("loop"),
      exit,
    ].flat();
    const again: Code[] = [...loop, movImm(0, 0), exit].flat();
    again[loop.length - 1] = op(0x05, 0, 0, -loop.length);
    const limits = { functions: [loop.length], budget: Number.MAX_SAFE_INTEGER, maxRunMs: 5 };
    assert.match(faultOf(machineOf(() => [again], limits)), /maxRunMs/);
  });

  it("counts for all repeats together", async () => {
    const limits = { engine: "embedded", maxRunMs: 20 } as const;
    await using bpf = await load(specOf([], [{ name: "short" }]), limits);
    const program = bpf.program("short");
    assert.equal((await program.run({ repeat: 1000 })).returnValue, 0);
    // A million of them take longer on any machine, and none by itself as much as a stretch.
    await assert.rejects(
      program.run({ repeat: 1_000_000 }),
      /took longer than the 20 ms that a run may take \(maxRunMs\)/,
    );
    assert.equal((await program.run()).returnValue, 0);
  });

  it("is limited for all repeats together, the instructions for each", () => {
    const code = [movImm(6, 100), op(0x17, 6, 0, 0, 1), op(0x55, 6, 0, -2), movImm(0, 5), exit];
    const machine = machineOf(() => [code], { budget: 250 });
    const { returnValue, instructions } = machine.run(0, { bytes: new Uint8Array(8) }, task, { repeat: 2000 });
    assert.deepEqual([returnValue, instructions], [5n, 203]);
    const short = machineOf(() => [code], { budget: 202 });
    for (const repeat of [1, 2])
      assert.throws(
        () => short.run(0, { bytes: new Uint8Array(8) }, task, { repeat }),
        /more instructions than its budget/,
      );
  });

  it("is an option of load()", async () => {
    for (const maxRunMs of [0, -1, 1.5, NaN])
      await assert.rejects(load(specOf([]), { engine: "embedded", maxRunMs }), RangeError);
    for (const maxRunMs of ["5", null, {}])
      await assert.rejects(load(specOf([]), { engine: "embedded", maxRunMs: maxRunMs as never }), TypeError);
    const limits = { instructionBudget: Number.MAX_SAFE_INTEGER, maxRunMs: 5 };
    await using bpf = await load(specOf([], [{ name: "endless" }], endless), { engine: "embedded", ...limits });
    await assert.rejects(bpf.program("endless").run(), /maxRunMs/);
    await using other = await load(specOf([], [{ name: "ends" }]), { engine: "embedded", maxRunMs: Infinity });
    assert.equal((await other.program("ends").run()).returnValue, 0);
  });
});

describe("the end of a machine", () => {
  const unlimited = { budget: Number.MAX_SAFE_INTEGER };

  it("ends what runs, and there are no more runs", () => {
    const machine = machineOf(() => [[...print, ...endless]], unlimited);
    machine.onPrint = () => machine.close();
    for (let round = 0; round < 2; round += 1)
      assert.throws(
        () => runWith(machine),
        (error) => error instanceof EbpfError && error.code === "CLOSED",
      );
  });

  it("ends runs of other threads, and those that wait for a CPU", async () => {
    const maps = [dataMap("started", 8)];
    const machine = machineOf(
      ([started]) => [[movImm(2, 1), load64(3, BigInt(started!.address)), op(0xdb, 3, 2, 0, 0), ...endless]],
      { ...unlimited, maps, cpus: 1 },
    );
    const url = new URL("./machine-worker.js", import.meta.url);
    const workers = [1, 2].map(() => new Worker(url, { workerData: { image: machine.image, runs: 1, faults: false } }));
    const ends = workers.map(async (worker) => (await once(worker, "error"))[0] as EbpfError);
    const word = new Int32Array(machine.image.memory.buffer, valueOf(machine, 0).byteOffset, 1);
    while (Atomics.load(word, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    machine.close();
    assert.deepEqual(
      (await Promise.all(ends)).map(({ message }) => /collection is closed/.test(message)),
      [true, true],
    );
  });

  it("rejects a run by hand with CLOSED", async () => {
    const spec = specOf([], [{ name: "endless" }], [...print, ...endless]);
    const bpf = await load(spec, {
      engine: "embedded",
      instructionBudget: Number.MAX_SAFE_INTEGER,
      maxRunMs: Infinity,
      onPrint: () => void bpf.close(),
    });
    await assert.rejects(bpf.program("endless").run(), { code: "CLOSED" });
  });
});

describe("helpers count by what they do", () => {
  it("the places of a map that for_each passes, though there is nothing", () => {
    const walk = [
      loadMap(1, 0),
      loadFunction(2, 5),
      movImm(3, 0),
      movImm(4, 0),
      call("for_each_map_elem"),
      exit,
    ].flat();
    const code: Code[] = [...walk, movImm(0, 0), exit];
    const maps = [mapSpec("empty", MapType.HASH, 4, 4, 1 << 16)];
    const machine = machineOf(() => [code], { maps, functions: [walk.length], budget: 100 });
    assert.match(faultOf(machine), /budget/);
    const enough = machineOf(() => [code], { maps, functions: [walk.length] });
    assert.ok(runWith(enough).instructions > 1 << 16);
  });

  it("entries in the way of a key", () => {
    const maps = [{ ...mapSpec("full", MapType.HASH, 4, 4, 64), flags: MapFlag.ZERO_SEED }];
    const look = [op(0x61, 2, 1, 0), op(0x63, 10, 2, -4), loadMap(1, 0), mov(2, 10), addImm(2, -4)].flat();
    const machine = machineOf(() => [[...look, call("map_lookup_elem"), movImm(0, 0), exit]], { maps });
    const keys = Array.from({ length: 64 }, (_, index) => Uint8Array.of(index, 0, 0, 0));
    for (const key of keys) machine.maps[0]!.write(key, new Uint8Array(4), 0);
    assert.ok(machine.maps[0]!.takeSteps!() > 0);
    assert.equal(machine.maps[0]!.takeSteps!(), 0);
    const costs = keys.map((key) => runWith(machine, { bytes: key }).instructions);
    assert.ok(Math.max(...costs) > Math.min(...costs));
  });

  it("what they write, however short the format", () => {
    const format = "%32767d".repeat(3);
    const data = dataMap("data", 4096);
    const machine = machineOf(
      ([at]) => [
        [
          load64(1, BigInt(at!.address + 1024)),
          movImm(2, 8),
          load64(3, BigInt(at!.address)),
          load64(4, BigInt(at!.address + 2048)),
          movImm(5, 24),
          call("snprintf"),
          exit,
        ],
      ],
      { maps: [data] },
    );
    valueOf(machine, 0).set(new TextEncoder().encode(format));
    const { returnValue, instructions } = runWith(machine);
    assert.equal(returnValue, BigInt(3 * 32767 + 1));
    assert.ok(instructions > (3 * 32767) / 8);
  });

  it("formats, which have an end", () => {
    const size = 1 << 20;
    const machine = machineOf(
      ([at]) => [[load64(1, BigInt(at!.address)), movImm(2, size), call("trace_printk"), exit]],
      { maps: [dataMap("format", size)], budget: 2 ** 26 },
    );
    valueOf(machine, 0).fill(0x25, 0, size - 2);
    assert.match(faultOf(machine), /gave a format of \d+ characters, which may have 65536/);
    valueOf(machine, 0).fill(0, 65536);
    const lines: string[] = [];
    machine.onPrint = (line) => lines.push(line);
    assert.ok(runWith(machine).instructions > 65536);
    assert.equal(lines[0], "%".repeat(1023));
  });

  it("reads of another process's memory, a part at a time", () => {
    const size = 1 << 18;
    const parts: number[] = [];
    const reader: Task = { ...task, readUser: (_, into) => parts.push(into.length) > 0 && into.fill(1) === into };
    const reading = (helper: "probe_read_user" | "probe_read_user_str"): Machine =>
      machineOf(([at]) => [[load64(1, BigInt(at!.address)), movImm(2, size), movImm(3, 0x1000), call(helper), exit]], {
        maps: [dataMap("into", size)],
      });
    assert.equal(runWith(reading("probe_read_user"), {}, reader).returnValue, 0n);
    assert.deepEqual(parts, [65536, 65536, 65536, 65536]);
    parts.length = 0;
    const { returnValue, instructions } = runWith(reading("probe_read_user_str"), {}, reader);
    assert.equal(returnValue, BigInt(size));
    assert.ok(Math.max(...parts) <= 4096 && instructions > parts.length * 64);
  });
});

describe("what a run holds", () => {
  const most = 1024;
  /** Reserves `count` records of `size` bytes, and submits none. */
  const hoard = (count: number, size: number): Code[] =>
    [
      movImm(6, count),
      loadMap(1, 0),
      movImm(2, size),
      movImm(3, 0),
      call("ringbuf_reserve"),
      op(0x15, 0, 0, 2, 0),
      addImm(6, -1),
      op(0x55, 6, 0, -8, 0),
      exit,
    ].flat();

  for (const size of [0, 8]) {
    it(`has a cap: records of ${size} bytes`, () => {
      const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 1 << 20)];
      assert.match(faultOf(machineOf(() => [hoard(most, size)], { maps })), /neither submitted nor discarded/);
      const machine = machineOf(() => [hoard(most + 1, size)], { maps });
      for (let round = 0; round < 3; round += 1)
        assert.match(faultOf(machine), /held 1024 ring records at once, and reserved another/);
      assert.notEqual(machine.maps[0]!.ring!.reserve(8, 0n), 0);
    });
  }

  it("is found among many, in any order", () => {
    const slices = new Slices();
    const all = Array.from({ length: 200 }, (_, index) => {
      const start = 1000 + ((index * 37) % 200) * 16;
      return { start, end: start + 8 + (index % 2), writable: index % 3 === 0 };
    });
    for (const slice of all) slices.add(slice);
    slices.add({ start: 1008, end: 1008, writable: true });
    const allowed = (): boolean[] => all.map(({ start, end }) => slices.allow(start, end - start, false));
    assert.ok(allowed().every(Boolean));
    for (const { start, end, writable } of all) {
      assert.equal(slices.allow(start, 1, true), writable);
      assert.equal(slices.allow(end - 1, 2, false), false);
      assert.equal(slices.allow(start - 1, 2, false), false);
    }
    for (const slice of all.slice(0, 150)) slices.remove(slice);
    assert.deepEqual(
      allowed(),
      all.map((_, index) => index >= 150),
    );
    slices.clear();
    assert.ok(!allowed().some(Boolean));
  });
});
