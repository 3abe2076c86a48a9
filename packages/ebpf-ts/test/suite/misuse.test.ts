/** The same mistake gives the same error, in whichever door it is made: docs/errors.md as a table. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Collection } from "../../src/index.ts";
import { load, openById, openPinned, readObject } from "../../src/index.ts";
import { dispatchToWorkers } from "../../src/workers/dispatch/dispatch-to-workers.ts";
import { openRingBuf, openUserRingBuf } from "../../src/workers/open/open-shared.ts";
import { fixture, type Fixture, onEachEngine, onKernel } from "./fixture.ts";

/** What no compiler would let pass. */
// oxlint-disable-next-line typescript/no-explicit-any -- that is the point
type Anything = any;
type Door = (given: Anything) => unknown;
type Doors = Readonly<Record<string, Door>>;
type Expected = { readonly name: "TypeError" | "RangeError" } | { readonly code: string };

const type: Expected = { name: "TypeError" };
const range: Expected = { name: "RangeError" };
const code = (name: string): Expected => ({ code: name });

interface Objects {
  readonly maps: Collection;
  readonly memory: Collection;
  readonly workers: Collection;
  readonly users: Collection;
}

const nothing = (): void => {};
/** Of no index, count, size or time. */
const noNumbers = ["1", null, {}, [], true, 1n];
const noWholeNumbers = [-1, 1.5, NaN, -Infinity];
const noStrings = [5, null, undefined, {}, Symbol("s")];
const noPaths = [5, null, undefined, {}, "", "a\0b"];
const noFunctions = [5, null, undefined, {}, "f"];
const noOptions = [null, 5, "max", [1], nothing, { foo: 1 }];
const noNames = ["nope", ""];
/** Of a value whose type is a struct or a number of 64 bits. */
const noValues = ["one", true, null, undefined, Symbol("s")];

interface Row {
  readonly mistake: string;
  readonly given: readonly unknown[];
  readonly expected: Expected;
  readonly doors: Doors;
}

function rowsOf({ maps, memory, workers, users }: Objects): Row[] {
  const array = maps.map<Anything, Anything>("array");
  const mapped = maps.map<Anything, Anything>("mapped_array");
  const perCpu = maps.map<Anything, Anything>("percpu_array");
  const hash = maps.map<Anything, Anything>("hash");
  const counters = memory.map<number, bigint>("counters");
  const flows = memory.map<number, Anything>("flows");
  const last = memory.variable<Anything>("last");
  const limits = memory.variable<Anything>("limits");
  const constants = memory.map<number, bigint>("constants");
  const ring = workers.ringBuf<Anything>("events");
  const user = users.userRingBuf<Anything>("samples");
  const program = workers.program("emit");
  const perCpuValues = perCpu.getPerCpu(0)!;

  const readIndices: Doors = {
    "BpfMap.get": (index) => array.get(index),
    "BpfMap.get, mapped": (index) => mapped.get(index),
    "BpfMap.get, per CPU": (index) => perCpu.get(index),
    "BpfMap.getPerCpu": (index) => perCpu.getPerCpu(index),
    "ArrayMemory.get": (index) => counters.memory().get(index),
    "ArrayMemory.at": (index) => flows.memory().at(index),
    "ArrayMemory.load": (index) => counters.memory().load(index),
    "ArrayMemory.get, inside a struct": (index) => flows.memory().at(0).buckets.get(index),
    "ScalarView.get": (index) => flows.memory().field("packets").get(index),
    "ScalarView.get, of a variable": (index) => last.field("packets").get(index),
    "ArrayMemory.get, of a variable": (index) => last.view.buckets.get(index),
  };
  const indices: Doors = {
    ...readIndices,
    "BpfMap.set": (index) => array.set(index, 0n),
    "BpfMap.set, per CPU": (index) => perCpu.set(index, 0n),
    "BpfMap.setPerCpu": (index) => perCpu.setPerCpu(index, perCpuValues),
    "BpfMap.delete": (index) => array.delete(index),
    "ArrayMemory.set": (index) => counters.memory().set(index, 0n),
    "ArrayMemory.add": (index) => counters.memory().add(index, 1n),
    "ArrayMemory.compareExchange": (index) => counters.memory().compareExchange(index, 0n, 0n),
    "ScalarView.set": (index) => flows.memory().field("packets").set(index, 0n),
    "ScalarView.store": (index) => flows.memory().field("packets").store(index, 0n),
  };
  const names: Doors = {
    "Collection.map": (name) => maps.map(name),
    "Collection.ringBuf": (name) => maps.ringBuf(name),
    "Collection.userRingBuf": (name) => maps.userRingBuf(name),
    "Collection.perfEventArray": (name) => maps.perfEventArray(name),
    "Collection.variable": (name) => memory.variable(name),
    "Collection.program": (name) => maps.program(name),
    "ArrayMemory.field": (name) => flows.memory().field(name),
    "Variable.field": (name) => last.field(name),
  };
  const sizes: Doors = {
    "UserRingBuf.reserve": (size) => user.reserve(size),
    "UserRingBuf.reserveWhenFree": (size) => user.reserveWhenFree(size),
    "UserRingBuf.fill": (size) => user.fill(1, size, nothing),
    "RingBuf.injectFill": (size) => ring.injectFill(1, size, nothing),
  };
  const counts: Doors = {
    "dispatchToWorkers, workers": (count) => dispatchToWorkers(ring, "handler.js", { workers: count ?? null }),
    "dispatchToWorkers, queue": (count) => dispatchToWorkers(ring, "handler.js", { queue: count ?? null }),
    "UserRingBuf.fill": (count) => user.fill(count, 8, nothing),
    "RingBuf.injectFill": (count) => ring.injectFill(count, 8, nothing),
  };
  const times: Doors = {
    "RingBuf.waitSync": (timeoutMs) => ring.waitSync(timeoutMs),
    "RingBuf.drain": (budgetMs) => ring.drain(nothing, { budgetMs }),
    "RingBuf.drainBlocking": (timeoutMs) => ring.drainBlocking(nothing, { timeoutMs }),
    "RingBuf.events": (intervalMs) => ring.events({ wakeup: { intervalMs } }),
    "RingBuf.batches": (intervalMs) => ring.batches({ wakeup: { intervalMs } }),
    "RingBuf.inject": (timeoutMs) => ring.inject({}, { wait: true, timeoutMs }),
    "UserRingBuf.reserveWhenFree": (timeoutMs) => user.reserveWhenFree(8, { timeoutMs }),
    dispatchToWorkers: (graceMs) => dispatchToWorkers(ring, "handler.js", { graceMs }),
  };
  const paths: Doors = {
    "BpfMap.pin": (path) => hash.pin(path),
    "RingBuf.pin": (path) => ring.pin(path),
    "UserRingBuf.pin": (path) => user.pin(path),
    "Program.pin": (path) => program.pin(path),
    openPinned: (path) => openPinned(path),
    readObject: (path) => readObject(path),
    dispatchToWorkers: (path) => dispatchToWorkers(ring, path),
    "Collection.spawn": (path) => workers.spawn(path),
    "Collection.spawn, cwd": (cwd) => workers.spawn("true", [], { cwd: cwd === undefined ? null : cwd }),
  };
  const callbacks: Doors = {
    "RingBuf.drain": (callback) => ring.drain(callback),
    "RingBuf.drainBlocking": (callback) => ring.drainBlocking(callback, { timeoutMs: 0 }),
    "RingBuf.injectFill": (callback) => ring.injectFill(1, 8, callback),
    "UserRingBuf.fill": (callback) => user.fill(1, 8, callback),
    "dispatchToWorkers, onError": (callback) => dispatchToWorkers(ring, "handler.js", { onError: callback ?? null }),
    "dispatchToWorkers, onValue": (callback) => dispatchToWorkers(ring, "handler.js", { onValue: callback ?? null }),
  };
  const options: Doors = {
    load: (given) => load(maps.spec, given),
    openPinned: (given) => openPinned("/sys/fs/bpf/none", given),
    openById: (given) => openById(1, given),
    "Collection.ringBuf": (given) => workers.ringBuf("events", given),
    "Collection.userRingBuf": (given) => users.userRingBuf("samples", given),
    "Collection.perfEventArray": (given) => workers.perfEventArray("events", given),
    "Collection.spawn": (given) => workers.spawn("true", [], given),
    "Program.run": (given) => program.run(given),
    "RingBuf.drain": (given) => ring.drain(nothing, given),
    "RingBuf.drainBlocking": (given) => ring.drainBlocking(nothing, given),
    "RingBuf.events": (given) => ring.events(given),
    "RingBuf.batches": (given) => ring.batches(given),
    "RingBuf.inject": (given) => ring.inject({}, given),
    dispatchToWorkers: (given) => dispatchToWorkers(ring, "handler.js", given),
    "RingBuf.injectMany": (given) => ring.injectMany([], given),
    "RingBuf.injectFill": (given) => ring.injectFill(0, 8, nothing, given),
    "UserRingBuf.reserveWhenFree": (given) => user.reserveWhenFree(8, given),
  };
  const values: Doors = {
    "BpfMap.set": (value) => hash.set(1, value),
    "BpfMap.set, per CPU": (value) => perCpu.set(0, value),
    "BpfMap.setPerCpu": (value) => perCpu.setPerCpu(0, [...perCpuValues.slice(1), value]),
    "ArrayMemory.set": (value) => counters.memory().set(0, value),
    "ArrayMemory.add": (value) => counters.memory().add(0, value),
    "ArrayMemory.set, of structs": (value) => flows.memory().set(0, value),
    "Variable.set": (value) => last.set(value),
    "a member of Variable.view": (value) => (last.view.packets = value),
    "load, variables": (value) => load(memory.spec, { engine: memory.engine, variables: { last: value } }),
    "UserRingBuf.send": (value) => user.send(value),
    "UserRingBuf.trySend": (value) => user.trySend(value),
    "UserRingBuf.sendMany": (value) => user.sendMany([value]),
    "RingBuf.inject": (value) => ring.inject(value),
    "RingBuf.injectMany": (value) => ring.injectMany([value]),
  };
  const readOnly: Doors = {
    "Variable.set": () => limits.set(limits.get()),
    "a member of Variable.view": () => (limits.view.packets = 1n),
    "ArrayMemory.set, of a variable": () => limits.view.buckets.set(0, 1),
    "ArrayMemory.set": () => constants.memory().set(0, 1n),
    "ArrayMemory.add": () => constants.memory().add(0, 1n),
    "ScalarView.set": () => constants.memory().field().set(0, 1n),
  };
  const kinds: Doors = {
    "Collection.map, of a ring": () => workers.map("events"),
    "Collection.map, of a user ring": () => users.map("samples"),
    "Collection.ringBuf": () => maps.ringBuf("hash"),
    "Collection.ringBuf, of a user ring": () => users.ringBuf("samples"),
    "Collection.userRingBuf": () => maps.userRingBuf("hash"),
    "Collection.userRingBuf, of a ring": () => workers.userRingBuf("events"),
    "Collection.perfEventArray": () => maps.perfEventArray("hash"),
    "BpfMap.setPerCpu": () => hash.setPerCpu(1, [1n]),
  };
  const handles: Doors = {
    openRingBuf: (handle) => openRingBuf(handle),
    openUserRingBuf: (handle) => openUserRingBuf(handle),
  };
  const bytes: Doors = {
    "Program.run, context": (context) => program.run({ context: context === undefined ? null : context }),
    "Program.run, data": (data) => program.run({ data: data === undefined ? null : data }),
  };
  const many: Doors = {
    "UserRingBuf.sendMany": (given) => user.sendMany(given),
    "RingBuf.injectMany": (given) => ring.injectMany(given),
  };
  return [
    {
      mistake: "an index outside",
      given: [4000, ...noWholeNumbers, 2 ** 32, 2 ** 60],
      expected: range,
      doors: indices,
    },
    { mistake: "an index that is no number", given: [...noNumbers, undefined], expected: type, doors: indices },
    { mistake: "a name that nothing has", given: noNames, expected: code("NOT_FOUND"), doors: names },
    { mistake: "a name that is no string", given: noStrings, expected: type, doors: names },
    { mistake: "a size that is none", given: [...noWholeNumbers, Infinity], expected: range, doors: sizes },
    { mistake: "a size that is no number", given: [...noNumbers, undefined], expected: type, doors: sizes },
    { mistake: "a size that can never fit", given: [1e6, 2 ** 31, 2 ** 40], expected: code("TOO_BIG"), doors: sizes },
    { mistake: "a count that is none", given: [...noWholeNumbers, Infinity], expected: range, doors: counts },
    { mistake: "a count that is no number", given: [...noNumbers, undefined], expected: type, doors: counts },
    { mistake: "a time that is none", given: [-1, NaN, -Infinity], expected: range, doors: times },
    { mistake: "a time that is no number", given: noNumbers, expected: type, doors: times },
    { mistake: "a path that is none", given: noPaths, expected: type, doors: paths },
    { mistake: "a callback that is none", given: noFunctions, expected: type, doors: callbacks },
    { mistake: "options that are none", given: noOptions, expected: type, doors: options },
    { mistake: "a value that does not fit its type", given: noValues, expected: code("BAD_VALUE"), doors: values },
    { mistake: "a write to what is read-only", given: [undefined], expected: type, doors: readOnly },
    { mistake: "a map of another kind", given: [undefined], expected: type, doors: kinds },
    { mistake: "a handle that is none", given: [null, undefined, 5, {}, { ring: {} }], expected: type, doors: handles },
    { mistake: "bytes that are none", given: ["a", [1], null, undefined], expected: type, doors: bytes },
    { mistake: "what cannot be iterated over", given: [5, null, undefined, {}], expected: type, doors: many },
    {
      mistake: "a ring that is none",
      given: [5, null, undefined, {}, user],
      expected: type,
      doors: { dispatchToWorkers: (given) => dispatchToWorkers(given, "handler.js") },
    },
    {
      mistake: "a mode that is none",
      given: ["insert", 1, null, ""],
      expected: type,
      doors: {
        "BpfMap.set": (mode) => hash.set(1, 1n, mode),
        "BpfMap.setPerCpu": (mode) => perCpu.setPerCpu(0, perCpuValues, mode),
      },
    },
    {
      mistake: "an engine that is none",
      given: ["windows", 5, null, {}],
      expected: type,
      doors: { load: (engine) => load(maps.spec, { engine }) },
    },
    {
      mistake: "what a map of that type does not have",
      given: [0, 4000, "1"],
      expected: code("NOT_SUPPORTED"),
      doors: { "BpfMap.take": (index) => array.getAndDelete(index) },
    },
    {
      mistake: "an object that is none",
      given: [5, null, undefined, {}, [], "", "a\0b"],
      expected: type,
      doors: { load: (object) => load(object) },
    },
  ];
}

/** Everything that a closed collection has given out. */
function closedDoors({ maps, memory, workers, users }: Objects): Doors {
  const hash = maps.map<number, bigint>("hash");
  const counters = memory.map<number, bigint>("counters").memory();
  const last = memory.variable<Anything>("last");
  const ring = workers.ringBuf<Anything>("events");
  const stream = ring.events();
  const user = users.userRingBuf<Anything>("samples");
  const program = workers.program("emit");
  const { view } = last;
  return {
    "Collection.map": () => maps.map("hash"),
    "Collection.ringBuf": () => workers.ringBuf("events"),
    "Collection.variable": () => memory.variable("last"),
    "Collection.program": () => workers.program("emit"),
    "Collection.attach": () => workers.attach(),
    "Collection.spawn": () => workers.spawn("true"),
    "BpfMap.get": () => hash.get(1),
    "BpfMap.set": () => hash.set(1, 1n),
    "BpfMap.delete": () => hash.delete(1),
    "BpfMap.has": () => hash.has(1),
    "BpfMap.keys": () => [...hash.keys()],
    "BpfMap.entries": () => [...hash],
    "BpfMap.freeze": () => hash.freeze(),
    "ArrayMemory.get": () => counters.get(0),
    "ArrayMemory.set": () => counters.set(0, 1n),
    "ArrayMemory.add": () => counters.add(0, 1n),
    "Variable.get": () => last.get(),
    "Variable.set": () => last.set({}),
    "a member of Variable.view": () => view.packets,
    "Program.run": () => program.run({ context: new Uint8Array(24) }),
    "RingBuf.drain": () => ring.drain(nothing),
    "RingBuf.events": () => ring.events(),
    "RingBuf.batches": () => ring.batches(),
    "RingBuf.waitSync": () => ring.waitSync(0),
    "RingBuf.drainBlocking": () => ring.drainBlocking(nothing),
    "RingBuf.share": () => ring.share(),
    "RingBuf.inject": () => ring.inject({}),
    "RingBuf.pin": () => ring.pin("/sys/fs/bpf/none"),
    "a loop that was begun before": () => stream.next(),
    "UserRingBuf.send": () => user.send({}),
    "UserRingBuf.sendMany": () => user.sendMany([{}]),
    "UserRingBuf.fill": () => user.fill(1, 8, nothing),
    "UserRingBuf.reserve": () => user.reserve(8),
    "UserRingBuf.reserveWhenFree": () => user.reserveWhenFree(8),
    "UserRingBuf.share": () => user.share(),
    "UserRingBuf.pin": () => user.pin("/sys/fs/bpf/none"),
  };
}

/** Doors that give a promise: those throw nothing, but reject it. */
const promising =
  /^(load|open|readObject|dispatch|Collection\.(spawn|attach)|Program\.(run|attach)|RingBuf\.inject|UserRingBuf\.reserveWhenFree|a loop)/;

async function refused(mistake: string, name: string, door: Door, given: unknown, expected: Expected): Promise<void> {
  const shown = typeof given === "string" ? JSON.stringify(given) : String(given instanceof Object ? "…" : given);
  const title = `${mistake}: ${name} of ${shown}`;
  if (!promising.test(name)) return assert.throws(() => door(given), expected, title);
  const promise = door(given);
  await assert.rejects(promise as Promise<unknown>, expected, title);
}

async function refuseAll(rows: readonly Row[]): Promise<void> {
  for (const { mistake, given, expected, doors } of rows) {
    for (const [name, door] of Object.entries(doors)) {
      for (const each of given) await refused(mistake, name, door, each, expected);
    }
  }
}

async function objectsOf(engine: "kernel" | "embedded"): Promise<{ objects: Objects; close: () => Promise<void> }> {
  const all: Fixture[] = [];
  for (const name of ["maps", "memory", "workers", "user-ring"]) all.push(await fixture(engine, name));
  const [maps, memory, workers, users] = all.map(({ bpf }) => bpf);
  const close = async (): Promise<void> => void (await Promise.all(all.map(({ bpf }) => bpf.close())));
  return { objects: { maps: maps!, memory: memory!, workers: workers!, users: users! }, close };
}

onEachEngine("misuse", (engine) => {
  it("the same mistake gives the same error in every door", async () => {
    const { objects, close } = await objectsOf(engine);
    try {
      await refuseAll(rowsOf(objects));
      // Nothing was done meanwhile.
      assert.deepEqual([...objects.maps.map("hash").keys()], []);
      assert.equal([...objects.maps.map("array").keys()].length, 4);
      assert.equal(objects.users.userRingBuf("samples").sent, 0);
      assert.equal(objects.workers.ringBuf("events").injected, 0);
    } finally {
      await close();
    }
  });

  it("what is closed says CLOSED in every door", async () => {
    const { objects, close } = await objectsOf(engine);
    const doors = closedDoors(objects);
    await close();
    await refuseAll([{ mistake: "closed", given: [undefined], expected: code("CLOSED"), doors }]);
  });

  it("asking whether an array has an index is no mistake", async () => {
    const { objects, close } = await objectsOf(engine);
    try {
      const array = objects.maps.map<Anything, Anything>("array");
      assert.deepEqual(
        [0, 3, 4, -1, 2 ** 32].map((index) => array.has(index)),
        [true, true, false, false, false],
      );
      for (const index of [...noNumbers, undefined]) assert.throws(() => array.has(index), TypeError);
    } finally {
      await close();
    }
  });
});

onKernel("misuse of what only the kernel has", () => {
  it("perf event arrays have the errors of the other readers, and maps by number those of other numbers", async () => {
    await using loaded = await fixture("kernel", "perf");
    const perf = loaded.bpf.perfEventArray<Anything>("events");
    const options: Doors = {
      "PerfEventArray.drain": (given) => perf.drain(nothing, given),
      "PerfEventArray.events": (given) => perf.events(given),
      "PerfEventArray.batches": (given) => perf.batches(given),
    };
    const callbacks: Doors = { "PerfEventArray.drain": (given) => perf.drain(given) };
    const paths: Doors = { "PerfEventArray.pin": (given) => perf.pin(given) };
    const numbers: Doors = { openById: (given) => openById(given) };
    await refuseAll([
      { mistake: "options that are none", given: noOptions, expected: type, doors: options },
      { mistake: "a callback that is none", given: noFunctions, expected: type, doors: callbacks },
      { mistake: "a path that is none", given: noPaths, expected: type, doors: paths },
      { mistake: "a number that is none", given: [...noWholeNumbers, 2 ** 32], expected: range, doors: numbers },
      { mistake: "what is no number", given: [...noNumbers, undefined], expected: type, doors: numbers },
    ]);
    perf.close();
    const closed: Doors = {
      "PerfEventArray.drain": () => perf.drain(nothing),
      "PerfEventArray.events": () => perf.events(),
      "PerfEventArray.batches": () => perf.batches(),
      "PerfEventArray.pin": () => perf.pin("/sys/fs/bpf/none"),
      "PerfEventArray.pause": () => perf.pause(),
    };
    await refuseAll([{ mistake: "closed", given: [undefined], expected: code("CLOSED"), doors: closed }]);
  });
});
