import assert from "node:assert/strict";
import { it } from "node:test";
import { BpfMap } from "../../src/map/bpf-map.ts";
import { PerfEventArray } from "../../src/map/perf/perf-event-array.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { UserRingBuf } from "../../src/map/user-ring-buf.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";

/** The rings tell no type by themselves then. */
function withoutTypes({ maps }: CollectionSpec): void {
  for (const map of maps) map.recordType = 0;
}

onEachEngine("maps of a collection", (engine) => {
  it("all that are loaded, by name, in the object's order, each as its noun", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const { bpf } = loaded;
    const names = bpf.spec.maps.map(({ name }) => name);
    assert.deepEqual([...bpf.maps.keys()], names);
    assert.deepEqual(
      [...bpf.maps].map(([name]) => name),
      names,
    );
    assert.equal(bpf.maps.size, names.length);
    for (const [name, map] of bpf.maps) {
      assert.equal(map.name, name);
      assert.equal(bpf.maps.get(name), map);
      assert.ok(bpf.maps.has(name));
    }
    const kinds = [...bpf.maps.values()].map((map) => map.constructor);
    assert.ok(kinds.includes(UserRingBuf) && kinds.includes(BpfMap));
    assert.equal(bpf.maps.get("nothing"), undefined);
    assert.equal(bpf.maps.has("nothing"), false);
  });

  it("are the same as those that are opened by name, and visited in order", async () => {
    await using loaded = await fixture(engine, "ring");
    const { bpf } = loaded;
    const seen: string[] = [];
    bpf.maps.forEach((map, name, all) => {
      assert.equal(all.get(name), map);
      seen.push(name);
    });
    assert.deepEqual(seen, [...bpf.maps.keys()]);
    assert.equal(bpf.maps.get("events"), bpf.ringBuf("events"));
  });

  it("a look at them does not settle what the records of a ring are: the first record does", async () => {
    await using loaded = await fixture(engine, "ring", withoutTypes);
    const { bpf } = loaded;
    const found = [...bpf.maps.values()].find((map) => map instanceof RingBuf)!;
    const events = bpf.ringBuf(found.name, { type: "struct record" });
    assert.equal(events, found);
    await events.inject({ value: 7n });
    for await (const event of events) {
      assert.equal(event["value"], 7n);
      break;
    }
  });

  it("a record that was read settles it, as bytes where nobody has said more", async () => {
    await using loaded = await fixture(engine, "ring", withoutTypes);
    const { bpf } = loaded;
    const events = bpf.maps.get("events") as RingBuf;
    await events.inject(new Uint8Array(24));
    for await (const event of events) {
      assert.deepEqual(event, new Uint8Array(24));
      break;
    }
    assert.throws(() => bpf.ringBuf("events", { type: "record" }), {
      name: "TypeError",
      message: "Cannot open ring events as record: it is open already, with records of another type",
    });
  });

  it("of a user ring, the first sample does", async () => {
    await using loaded = await fixture(engine, "user-ring", withoutTypes);
    const found = loaded.bpf.maps.get("samples") as UserRingBuf;
    loaded.bpf.userRingBuf("samples", { type: "request" });
    found.send({ sequence: 1 });
    assert.throws(() => found.send({ unheard: 1 }), { code: "BAD_VALUE" });

    await using other = await fixture(engine, "user-ring", withoutTypes);
    const bytes = other.bpf.maps.get("samples") as UserRingBuf;
    assert.throws(() => bytes.send({ sequence: 1 }), { code: "BAD_VALUE", message: /its samples have no known type/ });
    bytes.send(new Uint8Array(3));
    assert.equal(bytes.sent, 1);
    assert.throws(() => other.bpf.userRingBuf("samples", { type: "request" }), TypeError);
  });

  it("a map that is closed refuses, and is opened anew; its values stay", async () => {
    await using loaded = await fixture(engine, "memory");
    const { bpf } = loaded;
    const first = bpf.map<number, bigint>("counters");
    const memory = first.memory();
    memory.set(3, 5n);
    {
      using again = bpf.map<number, bigint>("counters");
      assert.equal(again, first);
    }
    first.close();
    for (const use of [() => first.get(3), () => [...first], () => first.memory().get(3), () => memory.get(3)])
      assert.throws(use, { code: "CLOSED", message: /map counters: it is closed$/ });
    assert.notEqual(bpf.map("counters"), first);
    assert.equal(first.info.keySize, 4);
    assert.equal(bpf.map<number, bigint>("counters").get(3), 5n);
    assert.equal(bpf.map<number, bigint>("counters").memory().get(3), 5n);
  });

  it("a ring that is closed stays closed", async () => {
    await using loaded = await fixture(engine, "ring");
    loaded.bpf.ringBuf("events").close();
    assert.throws(() => loaded.bpf.ringBuf("events").events(), { code: "CLOSED" });
  });

  it("says that the collection is closed", async () => {
    const loaded = await fixture(engine, "memory");
    const { bpf } = loaded;
    const known = bpf.map("counters");
    await bpf.close();
    assert.throws(() => known.get(0), { code: "CLOSED" });
    assert.throws(() => bpf.maps.get("counters"), { code: "CLOSED" });
    assert.throws(() => [...bpf.maps], { code: "CLOSED" });
    assert.ok(bpf.maps.has("counters"));
  });
});

onKernel("maps of a collection: a perf event array", () => {
  const slotsOf = async (): Promise<{ loaded: Awaited<ReturnType<typeof fixture>>; found: PerfEventArray }> => {
    const loaded = await fixture("kernel", "perf");
    const found = [...loaded.bpf.maps.values()].find((map) => map instanceof PerfEventArray)!;
    return { loaded, found };
  };

  it("has no rings as long as one only looks at it", async () => {
    const { loaded, found } = await slotsOf();
    await using _ = loaded;
    assert.equal(found.isOpen, false);
    assert.deepEqual([found.received, found.lost, found.available, found.paused], [0, 0, 0, false]);
    assert.equal(found.isOpen, false);
  });

  it("gets them from who opens it by name, with the options of that, or when it is used", async () => {
    const { loaded, found } = await slotsOf();
    await using _ = loaded;
    assert.equal(loaded.bpf.perfEventArray(found.name, { pages: 2 }), found);
    assert.ok(found.isOpen);
    assert.equal(found.size, 8192);

    const other = await slotsOf();
    await using __ = other.loaded;
    other.found.drain(() => {});
    assert.ok(other.found.isOpen);
    assert.equal(other.found.size, 16 * 4096);
  });

  it("that was closed before has none, and is not opened", async () => {
    const { loaded, found } = await slotsOf();
    await using _ = loaded;
    found.close();
    assert.throws(() => found.open(), { code: "CLOSED" });
    assert.throws(() => found.events(), { code: "CLOSED" });
    assert.equal(found.isOpen, false);
  });
});
