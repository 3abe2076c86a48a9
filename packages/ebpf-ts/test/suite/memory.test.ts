import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { load } from "../../src/load.ts";
import type { ArrayMemory } from "../../src/memory/array-memory.ts";
import { parse } from "../../src/spec/parse.ts";
import { MapFlag } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { fixture, onEachEngine } from "./fixture.ts";

interface Flow {
  packets: bigint;
  errors: number;
  balance: number;
  name: string;
  state: string | number;
  kind: number;
  level: number;
  rest: number;
  seen: boolean;
  address: Uint8Array;
  from: { x: number; y: number };
  corners: { x: number; y: number }[];
  buckets: number[];
  times: bigint[];
}

const entries = 1000;

onEachEngine("memory: arrays that are mapped", (engine) => {
  it("64-bit values are a live typed array, in both directions", async () => {
    await using loaded = await fixture(engine, "memory");
    const map = loaded.bpf.map<number, bigint>("counters");
    const memory = map.memory();
    assert.equal(map.memory(), memory);
    assert.deepEqual([memory.length, memory.stride, memory.readOnly], [entries, 8, false]);
    const values = memory.values as BigUint64Array;
    assert.ok(values instanceof BigUint64Array);
    assert.equal(values.length, entries);
    await loaded.call("touch", { key: 999, value: 5n });
    assert.equal(values[999], 5n);
    values[998] = 2n ** 64n - 1n;
    assert.equal(map.get(998), 2n ** 64n - 1n);
    memory.set(3, 7n);
    assert.equal(map.get(3), 7n);
    map.set(4, 8n);
    assert.equal(memory.get(4), 8n);
    assert.equal([...memory].length, entries);
    assert.ok(loaded.bpf.map<number, bigint>("signed_counters").memory().values instanceof BigInt64Array);
  });

  it("narrower values stand 8 bytes apart, so that there is no typed array", async () => {
    await using loaded = await fixture(engine, "memory");
    const memory = loaded.bpf.map<number, number>("narrow").memory();
    assert.deepEqual([memory.stride, memory.values], [8, undefined]);
    for (const i of [0, 1, 999]) await loaded.call("touch", { key: i, value: BigInt(i + 1) });
    assert.deepEqual([memory.get(0), memory.get(1), memory.get(2), memory.get(999)], [1, 2, 0, 1000]);
    memory.set(1, 0xffff_ffff);
    assert.equal(loaded.bpf.map<number, number>("narrow").get(1), 0xffff_ffff);
    assert.equal(memory.get(0), 1);
    const bytes = loaded.bpf.map<number, number>("bytes").memory();
    bytes.set(999, 255);
    assert.deepEqual([bytes.stride, bytes.get(999), loaded.bpf.map("bytes").get(999)], [8, 255, 255]);
    assert.throws(() => bytes.add(0, 1), TypeError);
  });

  it("structs are read and written member by member, in place", async () => {
    await using loaded = await fixture(engine, "memory");
    const map = loaded.bpf.map<number, Flow>("flows");
    const flow = map.memory().at(7);
    await loaded.call("touch", { key: 7, value: 6n });
    assert.deepEqual([flow.packets, flow.errors, flow.balance, flow.name], [6n, 1, -6, "eth0"]);
    assert.deepEqual([flow.state, flow.kind, flow.level, flow.rest, flow.seen], ["STATE_BUSY", 5, 100, 0, true]);
    assert.deepEqual([...flow.address], [0, 0, 0, 0, 0, 255]);
    assert.deepEqual([flow.from.x, flow.corners.at(1).y, flow.buckets.get(2), flow.times.get(1)], [-3, 9, 6, 6n]);
    assert.deepEqual([...(flow.buckets.values as Uint32Array)], [0, 0, 6, 0]);

    flow.packets = 100n;
    flow.kind = 2;
    flow.level = 127;
    flow.rest = 2 ** 22 - 1;
    flow.state = "STATE_IDLE";
    flow.name = "lo";
    flow.seen = false;
    flow.from.x = 1;
    flow.buckets.set(3, 1000);
    flow.times.set(2, 10_000n);
    const copy = map.get(7)!;
    assert.deepEqual(
      [copy.packets, copy.kind, copy.level, copy.rest, copy.state, copy.name, copy.seen, copy.from.x],
      [100n, 2, 127, 2 ** 22 - 1, "STATE_IDLE", "lo", false, 1],
    );
    assert.deepEqual(
      [copy.errors, copy.balance, copy.buckets, copy.times],
      [1, -6, [0, 0, 6, 1000], [0n, 6n, 10_000n]],
    );
    assert.equal((await loaded.call("read_flow", { key: 7 })).value, 100n + 2n + 127n + 1n + 1000n + 10_000n + 77n);
    assert.deepEqual(map.memory().get(7), copy);
    assert.deepEqual(JSON.parse(JSON.stringify(flow.from)), copy.from);
  });

  it("structs are replaced as a whole, and a value that does not fit changes nothing", async () => {
    await using loaded = await fixture(engine, "memory");
    const memory = loaded.bpf.map<number, Flow>("flows").memory();
    await loaded.call("touch", { key: 1, value: 6n });
    const before = memory.get(1);
    memory.set(2, before);
    assert.deepEqual(memory.get(2), before);
    assert.throws(() => memory.set(1, { ...before, name: "a name of more than 12 bytes" }), { code: "BAD_VALUE" });
    assert.throws(() => (memory.at(1).errors = -1), { code: "BAD_VALUE" });
    assert.throws(() => (memory.at(1).kind = 8), { code: "BAD_VALUE" });
    assert.throws(() => (memory.at(1).packets = -1n), { code: "BAD_VALUE" });
    assert.throws(() => (memory.at(1).name = "a name of more than 12 bytes"), { code: "BAD_VALUE" });
    assert.throws(() => (memory.at(1).state = "STATE_NONE"), { code: "BAD_VALUE" });
    assert.deepEqual(memory.get(1), before);
    Object.assign(memory.at(1), { from: { x: 5, y: 6 } });
    assert.deepEqual(memory.get(1).from, { x: 5, y: 6 });
  });

  it("members of packed structs, which are not aligned", async () => {
    await using loaded = await fixture(engine, "memory");
    const memory = loaded.bpf.map<number, { first: number; number: number; wide: bigint }>("packed").memory();
    assert.equal(memory.stride, 16);
    await loaded.call("touch", { key: 5, value: 0x1234_5678n });
    assert.deepEqual(memory.get(5), { first: 0, number: 0x1234_5678, wide: 0x1234_5678n });
    memory.at(5).wide = 2n ** 63n;
    memory.at(5).number = 0xffff_fffe;
    memory.at(5).first = 9;
    assert.deepEqual(memory.get(5), { first: 9, number: 0xffff_fffe, wide: 2n ** 63n });
    assert.equal(memory.field("number").get(5), 0xffff_fffe);
    assert.throws(() => memory.field("number").add(5, 1), /packed/);
    assert.equal(memory.field("first").values, undefined);
  });

  it("atomics of 32 and 64 bits, on elements and on members", async () => {
    await using loaded = await fixture(engine, "memory");
    const counters = loaded.bpf.map<number, bigint>("counters").memory();
    const narrow = loaded.bpf.map<number, number>("narrow").memory();
    const errors = loaded.bpf.map<number, Flow>("flows").memory().field<number>("errors");
    const time = loaded.bpf.map<number, Flow>("flows").memory().field<bigint>("times", 1);
    checkAtomics(counters, 2n ** 64n - 1n, (value) => BigInt(value));
    checkAtomics(narrow, 0xffff_ffff, Number);
    checkAtomics(errors, 0xffff_ffff, Number);
    checkAtomics(time, 2n ** 64n - 1n, (value) => BigInt(value));
    const signed = loaded.bpf.map<number, bigint>("signed_counters").memory();
    assert.equal(signed.sub(0, 5), 0n);
    assert.equal(signed.get(0), -5n);
    await loaded.call("touch", { key: 3, value: 1n });
    assert.deepEqual([counters.add(3, 4), counters.load(3), narrow.load(3), errors.get(3)], [1n, 5n, 1, 1]);
  });

  it("counting together with a program loses nothing", async () => {
    await using loaded = await fixture(engine, "memory");
    const packets = loaded.bpf.map<number, Flow>("flows").memory().field("packets");
    for (let i = 0; i < 200; i += 1) {
      packets.add(0, 1);
      await loaded.call("touch", { key: 0, value: 2n });
    }
    assert.equal(packets.load(0), 600n);
  });

  it("what is outside is a RangeError, and what is no index a TypeError", async () => {
    await using loaded = await fixture(engine, "memory");
    const memory = loaded.bpf.map<number, bigint>("counters").memory();
    const flows = loaded.bpf.map<number, Flow>("flows").memory();
    const outside = [-1, entries, 0.5, Number.NaN, 2 ** 53].map((index) => [index, RangeError] as const);
    const none = ["1", undefined].map((index) => [index as never, TypeError] as const);
    for (const [index, error] of [...outside, ...none]) {
      for (const view of [memory, flows, flows.field("packets"), flows.at(0).buckets] as ArrayMemory<unknown>[]) {
        assert.throws(() => view.get(index), error);
        assert.throws(() => view.set(index, 0n), error);
      }
      assert.throws(() => flows.at(index), error);
      assert.throws(() => memory.load(index), error);
      assert.throws(() => memory.add(index, 1n), error);
    }
    assert.throws(() => flows.field("times", 3), RangeError);
    assert.throws(() => flows.field("nothing"), { code: "NOT_FOUND" });
    assert.throws(() => flows.field("from"), TypeError);
    assert.throws(() => flows.field("name"), TypeError);
    assert.throws(() => flows.field(), TypeError);
    assert.throws(() => flows.add(0, 1), /field\(\)/);
    for (const value of [-1n, 2n ** 64n, 1.5, Number.NaN, "1", undefined, null]) {
      assert.throws(() => memory.set(0, value as bigint), { code: "BAD_VALUE" });
      assert.throws(() => memory.store(0, value as bigint), { code: "BAD_VALUE" });
    }
    assert.equal(memory.get(0), 0n);
  });

  it("views are closed with the collection; plain typed arrays stay memory", async () => {
    const loaded = await fixture(engine, "memory");
    const memory = loaded.bpf.map<number, bigint>("counters").memory();
    const flow = loaded.bpf.map<number, Flow>("flows").memory().at(3);
    const { buckets } = flow;
    const total = loaded.bpf.variable<bigint>("total");
    const { view } = loaded.bpf.variable<Flow>("last");
    const values = memory.values as BigUint64Array;
    memory.set(1, 77n);
    total.set(1n);
    await loaded.bpf.close();
    const uses = [
      () => memory.get(1),
      () => memory.set(1, 1n),
      () => memory.values,
      () => memory.bytes,
      () => memory.load(1),
      () => memory.add(1, 1n),
      () => flow.packets,
      () => flow.name,
      () => (flow.packets = 1n),
      () => flow.from.x,
      () => buckets.get(0),
      () => buckets.values,
      () => total.get(),
      () => total.set(1n),
      () => total.add(1),
      () => view.packets,
      () => JSON.stringify(flow.from),
    ];
    for (const use of uses) assert.throws(use, { code: "CLOSED" }, String(use));
    assert.equal(values[1], 77n);
    values[1] = 78n;
    assert.equal(values[1], 78n);
  });

  it("read-only memory has getters, and no way to write", async () => {
    await using loaded = await fixture(engine, "memory");
    const map = loaded.bpf.map<number, bigint>("constants");
    const memory = map.memory();
    assert.deepEqual([memory.readOnly, memory.values, memory.bytes], [true, undefined, undefined]);
    map.set(1, 42n);
    assert.deepEqual([memory.get(1), memory.load(1)], [42n, 42n]);
    for (const write of [
      () => memory.set(1, 1n),
      () => memory.store(1, 1n),
      () => memory.add(1, 1n),
      () => memory.exchange(1, 1n),
      () => memory.compareExchange(1, 42n, 1n),
      () => memory.field().set(1, 1n),
    ]) {
      assert.throws(write, TypeError);
    }
    const limits = loaded.bpf.variable<Flow>("limits").view;
    assert.deepEqual([limits.packets, limits.name, limits.buckets.get(3)], [77n, "limit", 4]);
    assert.equal(limits.buckets.values, undefined);
    assert.equal(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(limits), "packets")?.set, undefined);
    assert.throws(() => (limits.packets = 1n), TypeError);
    assert.throws(() => (limits.name = "x"), TypeError);
    assert.throws(() => limits.buckets.set(0, 1), TypeError);
    // What a copy is for: nobody else sees it change.
    limits.address[0] = 1;
    assert.equal(limits.address[0], 0);
    assert.equal(map.get(1), 42n);
  });

  it("frozen maps are read-only to user space; while a view may write, they cannot be frozen", async () => {
    await using loaded = await fixture(engine, "memory");
    const counters = loaded.bpf.map<number, bigint>("counters");
    counters.set(2, 5n);
    counters.freeze();
    assert.throws(() => counters.set(2, 6n), { errnoName: "EPERM" });
    assert.throws(() => counters.freeze(), { errnoName: "EPERM" });
    const memory = counters.memory();
    assert.equal(memory.readOnly, true);
    assert.throws(() => memory.set(2, 6n), TypeError);
    await loaded.call("touch", { key: 2, value: 1n });
    assert.equal(memory.get(2), 6n);

    const narrow = loaded.bpf.map<number, number>("narrow");
    narrow.memory();
    assert.throws(() => narrow.freeze(), { errnoName: "EBUSY" });
    narrow.memory().set(0, 1);
    assert.equal(narrow.get(0), 1);
  });

  it("maps that are not mapped say so", async () => {
    await using loaded = await fixture(engine, "memory");
    assert.throws(() => loaded.bpf.map("unmapped").memory(), { code: "NOT_SUPPORTED" });
  });

  it("entries come in batches that join without a gap", async () => {
    await using loaded = await fixture(engine, "memory");
    for (const name of ["counters", "unmapped"]) {
      const map = loaded.bpf.map<number, bigint>(name);
      for (const key of [0, 255, 256, 257, 999]) map.set(key, BigInt(key + 1));
      const found = [...map.entries()];
      assert.deepEqual(
        found.map(([key]) => key),
        Array.from({ length: entries }, (_, key) => key),
      );
      assert.deepEqual(
        found.filter(([, value]) => value > 0n),
        [0, 255, 256, 257, 999].map((key) => [key, BigInt(key + 1)]),
      );
    }
  });
});

onEachEngine("memory: global variables", (engine) => {
  it("are live, typed, and shared with programs", async () => {
    await using loaded = await fixture(engine, "memory");
    const total = loaded.bpf.variable<bigint>("total");
    const hits = loaded.bpf.variable<number>("hits");
    assert.deepEqual([total.get(), hits.get()], [0n, 5]);
    await loaded.call("touch", { key: 9, value: 30n });
    assert.deepEqual([total.load(), hits.load()], [30n, 6]);
    assert.deepEqual([total.add(12), hits.sub(1), hits.exchange(40)], [30n, 6, 5]);
    assert.deepEqual([hits.compareExchange(1, 2), hits.compareExchange(40, 41), hits.get()], [40, 40, 41]);
    total.store(1n);
    await loaded.call("touch", { key: 9, value: 1n });
    assert.deepEqual([total.get(), hits.get()], [2n, 42]);
    assert.throws(() => hits.set(2 ** 32), { code: "BAD_VALUE" });
    assert.throws(() => hits.add(1.5), { code: "BAD_VALUE" });
    const histogram = loaded.bpf.variable<bigint[]>("histogram");
    assert.deepEqual(histogram.get(), [0n, 2n, 0n, 0n, 0n, 0n, 0n, 0n]);
    assert.equal((histogram.view.values as BigUint64Array)[1], 2n);
    histogram.view.set(7, 3n);
    assert.equal(histogram.field(0).get(0), 0n);
    assert.equal(histogram.get()[7], 3n);
    assert.throws(() => histogram.add(1), TypeError);
  });

  it("structs: members in place", async () => {
    await using loaded = await fixture(engine, "memory");
    const last = loaded.bpf.variable<Flow>("last");
    const { view } = last;
    await loaded.call("touch", { key: 1, value: 3n });
    assert.equal(view.packets, 3n);
    view.name = "abc";
    view.from.y = -5;
    assert.deepEqual(
      [last.get().name, last.get().from.y, last.field("errors").add(0, 2), last.get().errors],
      ["abc", -5, 0, 2],
    );
    assert.throws(() => last.field("name"), TypeError);
    assert.throws(() => last.load(), TypeError);
    last.set({ ...last.get(), balance: -1 });
    assert.deepEqual([view.balance, view.name], [-1, "abc"]);
  });

  it("are all listed, those of every section", async () => {
    await using loaded = await fixture(engine, "memory");
    const { variables } = loaded.bpf;
    assert.deepEqual([...variables.keys()].sort(), ["histogram", "hits", "last", "limits", "total"]);
    assert.equal(variables.get("total"), loaded.bpf.variable("total"));
    assert.deepEqual(
      [variables.get("hits")!.section, variables.get("limits")!.section, variables.get("total")!.section],
      [".data", ".rodata", ".bss"],
    );
    assert.deepEqual(
      [variables.get("limits")!.readOnly, variables.get("hits")!.readOnly, variables.get("hits")!.size],
      [true, false, 4],
    );
    assert.throws(() => variables.get("limits")!.set(0), TypeError);
  });
});

onEachEngine("memory: global variables that are not mapped, as before Linux 5.5", (engine) => {
  it("can be read and set, and have no views", async () => {
    await using loaded = await fixture(engine, "memory", (spec) => {
      for (const map of spec.maps) if (map.section !== undefined) map.flags &= ~MapFlag.MMAPABLE;
    });
    const total = loaded.bpf.variable<bigint>("total");
    const last = loaded.bpf.variable<Flow>("last");
    total.set(5n);
    await loaded.call("touch", { key: 1, value: 3n });
    assert.deepEqual([total.get(), last.get().packets], [8n, 3n]);
    last.set({ ...last.get(), name: "x" });
    assert.deepEqual([total.get(), last.get().name, last.get().packets], [8n, "x", 3n]);
    assert.throws(() => total.set(-1n), { code: "BAD_VALUE" });
    assert.throws(() => total.add(1), { code: "NOT_SUPPORTED" });
    assert.throws(() => last.view, { code: "NOT_SUPPORTED" });
    assert.equal(loaded.bpf.variable<Flow>("limits").get().packets, 77n);
  });
});

onEachEngine("memory: constants that are set before load", (engine) => {
  it("leave the spec as it was given", async () => {
    const spec = parse(await readFile(fixturePath("memory.bpf.o")));
    const before = JSON.stringify(spec);
    for (const packets of [1n, 2n]) {
      await using bpf = await load(spec, { engine, variables: { limits: { packets }, hits: 9 } });
      assert.deepEqual([bpf.variable<Flow>("limits").get().packets, bpf.variable("hits").get()], [packets, 9]);
      assert.equal(bpf.variable<Flow>("limits").get().name, "");
      assert.ok(JSON.stringify(bpf.spec).length > 0);
    }
    assert.equal(JSON.stringify(spec), before);
    await using bpf = await load(spec, { engine });
    assert.equal(bpf.variable<Flow>("limits").get().packets, 77n);
  });
});

interface Atomics<T> {
  get(index: number): T;
  load(index: number): T;
  store(index: number, value: T): void;
  add(index: number, value: T): T;
  sub(index: number, value: T): T;
  exchange(index: number, value: T): T;
  compareExchange(index: number, expected: T, replacement: T): T;
}

/** On element 500; its neighbours stay as they are. */
function checkAtomics<T>(view: Atomics<T>, most: T, of: (value: number) => T): void {
  const [before, at, after] = [499, 500, 501];
  assert.equal(view.load(at), of(0));
  view.store(at, of(40));
  assert.equal(view.add(at, of(2)), of(40));
  assert.equal(view.sub(at, of(1)), of(42));
  assert.equal(view.exchange(at, of(7)), of(41));
  assert.equal(view.compareExchange(at, of(8), of(9)), of(7));
  assert.equal(view.compareExchange(at, of(7), of(9)), of(7));
  assert.equal(view.get(at), of(9));
  view.store(at, most);
  assert.equal(view.add(at, of(1)), most);
  assert.equal(view.load(at), of(0));
  assert.equal(view.sub(at, of(1)), of(0));
  assert.equal(view.load(at), most);
  assert.deepEqual([view.get(before), view.get(after)], [of(0), of(0)]);
}
