import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import type { EngineMap } from "../../src/engine/map.ts";
import { openMapById, openPinnedMap } from "../../src/engine/kernel/map/open-kernel-map.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command, MapType } from "../../src/uapi/uapi.gen.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { asU64, changedSys, loadFixture, u32, u64 } from "./kernel-fixture.ts";
import type { FixtureOptions } from "./kernel-fixture.ts";

const unpinned: FixtureOptions = { edit: (spec: CollectionSpec) => spec.maps.forEach((map) => (map.pinning = "none")) };

describe("kernel: maps", { skip: kernelOrSkip() }, () => {
  it("maps of maps: slots are filled, and programs reach the inner maps", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const add = (slot: number, value: bigint) =>
      collection.programs.get("add")!.run({ context: new Uint8Array([...u32(slot), ...u32(3), ...u64(value)]) });
    assert.equal((await add(0, 5n)).returnValue, 0);
    assert.equal((await add(2, 6n)).returnValue, 0);
    assert.equal((await add(1, 7n)).returnValue, 0xffff_ffff);
    assert.equal(asU64(collection.maps.get("first")!.lookup(u32(3))), 5n);
    assert.equal(asU64(collection.maps.get("second")!.lookup(u32(3))), 6n);
    await collection.close();
  });

  it("names the inner map that a slot lacks", async () => {
    const edit = (spec: CollectionSpec) => {
      unpinned.edit!(spec);
      spec.maps.find((map) => map.name === "outer")!.slots.push({ index: 1, name: "third" });
    };
    await assert.rejects(loadFixture("kernel-maps", { edit }), {
      code: "NOT_FOUND",
      message: /slot 1 of map outer: there is no map third/,
    });
  });

  it("batches give every entry once, also when the room asked for is less than a bucket", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const map = collection.maps.get("many")!;
    fillMany(map);
    assert.deepEqual(readInBatches(map, 1), expectedMany());
    assert.deepEqual(readInBatches(map, 64), expectedMany());
    assert.deepEqual(readInBatches(map, 5000), expectedMany());
    await collection.close();
  });

  it("batches work entry by entry where the kernel has none", async () => {
    const sys = changedSys((real) => ({
      bpf: (command, attributes) =>
        command === Command.MAP_LOOKUP_BATCH ? -Errno.EINVAL : real.bpf(command, attributes),
    }));
    const collection = await loadFixture("kernel-maps", { ...unpinned, sys });
    const map = collection.maps.get("many")!;
    fillMany(map);
    assert.deepEqual(readInBatches(map, 64), expectedMany());
    await collection.close();
  });

  it("batches go on entry by entry where the kernel gives up on empty slots", async () => {
    let [calls, failures] = [0, 0];
    const sys = changedSys((real) => ({
      bpf(command, attributes) {
        if (command !== Command.MAP_LOOKUP_BATCH || ++calls % 2 !== 0) return real.bpf(command, attributes);
        failures += 1;
        return -Errno.EINTR;
      },
    }));
    const collection = await loadFixture("kernel-maps", { ...unpinned, sys });
    const array = collection.maps.get("first")!;
    for (let key = 0; key < 4; key += 1) array.update(u32(key), u64(BigInt(key)), 0);
    assert.deepEqual(
      readInBatches(array, 1).map(([key]) => key),
      [0, 1, 2, 3],
    );
    assert.equal(failures, 2);
    await collection.close();
  });

  it("maps of maps in batches: the slots that are filled", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const outer = collection.maps.get("outer")!;
    assert.deepEqual(outer.lookupBatch!(undefined, 10).keys, [u32(0), u32(2)]);
    await collection.close();
  });

  it("an empty map, an array and a per-CPU map in batches", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const { maps } = collection;
    assert.deepEqual(maps.get("many")!.lookupBatch!(undefined, 10), { keys: [], values: [], next: undefined });
    assert.equal(maps.get("first")!.lookupBatch!(undefined, 10).keys.length, 4);
    const perCpu = maps.get("per_cpu")!;
    const value = new Uint8Array(16 * perCpu.cpus).map((_, index) => (index % 16 < 12 ? index : 0));
    perCpu.update(u32(9), value, 0);
    assert.deepEqual(perCpu.lookup(u32(9)), value);
    assert.deepEqual([...perCpu.lookupBatch!(undefined, 10).values[0]!], [...value]);
    await collection.close();
  });

  it("a queue takes values without keys, and says when it is full", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const queue = collection.maps.get("line")!;
    const none = new Uint8Array(0);
    queue.update(none, u64(1n), 0);
    queue.update(none, u64(2n), 0);
    assert.throws(() => queue.update(none, u64(3n), 0), { code: "NO_SPACE", message: /room for 2 entries/ });
    assert.equal(asU64(queue.lookup(none)), 1n);
    await collection.close();
  });

  it("a trie finds the longest prefix", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const routes = collection.maps.get("routes")!;
    const address = (bits: number, ...bytes: number[]) => new Uint8Array([...u32(bits), ...bytes]);
    routes.update(address(8, 10, 0, 0, 0), u32(8), 0);
    routes.update(address(16, 10, 1, 0, 0), u32(16), 0);
    assert.deepEqual(routes.lookup(address(32, 10, 1, 2, 3)), u32(16));
    assert.deepEqual(routes.lookup(address(32, 10, 2, 2, 3)), u32(8));
    assert.equal(routes.lookup(address(32, 11, 0, 0, 0)), undefined);
    assert.equal(routes.lookupBatch!(undefined, 10).keys.length, 2);
    await collection.close();
  });

  it("a perf event array has a slot for each CPU", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    assert.equal(collection.maps.get("perf")!.info.maxEntries, collection.maps.get("per_cpu")!.cpus);
    await collection.close();
  });

  it("keys and values of the wrong size are refused before they reach the kernel", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const map = collection.maps.get("many")!;
    assert.throws(() => map.lookup(new Uint8Array(3)), RangeError);
    assert.throws(() => map.delete(new Uint8Array(5)), RangeError);
    assert.throws(() => map.nextKey(new Uint8Array(0)), RangeError);
    assert.throws(() => map.update(u32(1), new Uint8Array(7), 0), RangeError);
    await collection.close();
  });

  it("what a kind of map cannot do is refused in a sentence", async () => {
    const collection = await loadFixture("ring");
    const ring = collection.maps.get("events")!;
    assert.throws(() => ring.nextKey(undefined), {
      code: "NOT_SUPPORTED",
      message: /a map of type ringbuf does not have that/,
    });
    await collection.close();
  });

  it("a ring's size is rounded up to a power of two of whole pages", async () => {
    const edit = (spec: CollectionSpec) => (spec.maps.find((map) => map.name === "events")!.maxEntries = 5000);
    const collection = await loadFixture("ring", { edit });
    assert.equal(collection.maps.get("events")!.ring!().memory.size, 8192);
    await collection.close();
  });

  it("opens a map by its id", async () => {
    const collection = await loadFixture("kernel-maps", unpinned);
    const map = collection.maps.get("many")!;
    map.update(u32(1), u64(2n), 0);
    const other = openMapById(linuxSys(), map.info.id);
    assert.equal(other.info.name, "many");
    assert.equal(other.info.type, MapType.HASH);
    assert.equal(asU64(other.lookup(u32(1))), 2n);
    other.close();
    assert.throws(() => openMapById(linuxSys(), 0xffff_ffff), { code: "NOT_FOUND" });
    await collection.close();
  });
});

describe("kernel: pinning", { skip: kernelOrSkip() }, () => {
  it("a map with a name in a bpf file system outlives its collection, and is found again", async () => {
    const folder = mountBpffs();
    try {
      const pinRoot = `${folder.path}/maps`;
      const first = await loadFixture("kernel-maps", { pinRoot });
      const kept = first.maps.get("kept")!;
      kept.update(u32(1), u64(42n), 0);
      await first.close();

      const second = await loadFixture("kernel-maps", { pinRoot });
      assert.equal(asU64(second.maps.get("kept")!.lookup(u32(1))), 42n);
      const opened = openPinnedMap(linuxSys(), `${pinRoot}/kept`);
      assert.equal(asU64(opened.lookup(u32(1))), 42n);
      opened.close();

      const edit = (spec: CollectionSpec) => (spec.maps.find((map) => map.name === "kept")!.maxEntries = 16);
      await assert.rejects(
        loadFixture("kernel-maps", { pinRoot, edit }),
        /Cannot use the map pinned at .*kept: it is hash with key 4, value 8 bytes, 8 entries/,
      );
      assert.equal(second.maps.get("kept")!.pinnedAt, `${pinRoot}/kept`);
      assert.throws(() => second.maps.get("kept")!.pin!(`${pinRoot}/other`), { code: "BUSY", message: /kept/ });
      assert.throws(() => second.programs.get("add")!.pin!(`${pinRoot}/kept`), { errnoName: "EEXIST" });
      second.maps.get("kept")!.unpin!();
      assert.equal(existsSync(`${pinRoot}/kept`), false);
      assert.throws(() => second.maps.get("kept")!.unpin!(), { code: "NOT_FOUND" });
      second.programs.get("add")!.pin!(`${pinRoot}/add`);
      assert.throws(() => openPinnedMap(linuxSys(), `${pinRoot}/add`), /it is something else/);
      await second.close();
    } finally {
      folder.unmount();
    }
  });

  it("a perf event array whose size is left to the loader is found again too", async () => {
    const folder = mountBpffs();
    try {
      const pinRoot = `${folder.path}/maps`;
      const edit = (spec: CollectionSpec) => (spec.maps.find((map) => map.name === "events")!.pinning = "by-name");
      const first = await loadFixture("perf", { pinRoot, edit });
      const second = await loadFixture("perf", { pinRoot, edit });
      const { id, maxEntries } = first.maps.get("events")!.info;
      assert.ok(maxEntries >= 1);
      assert.equal(second.maps.get("events")!.info.id, id);
      await first.close();
      await second.close();
    } finally {
      folder.unmount();
    }
  });

  it("elsewhere than in a bpf file system it says how to mount one", async () => {
    await assert.rejects(loadFixture("kernel-maps", { pinRoot: "/tmp" }), {
      code: "NOT_FOUND",
      message: /mount -t bpf bpf \/sys\/fs\/bpf/,
    });
    assert.throws(() => openPinnedMap(linuxSys(), "/sys/fs/bpf/ebpf-ts-nothing"), { code: "NOT_FOUND" });
  });
});

function fillMany(map: EngineMap): void {
  for (let key = 0; key < 1000; key++) map.update(u32(key), u64(BigInt(key) * 3n), 0);
}

function expectedMany(): [number, bigint][] {
  return Array.from({ length: 1000 }, (_, key) => [key, BigInt(key) * 3n]);
}

function readInBatches(map: EngineMap, count: number): [number, bigint][] {
  const entries: [number, bigint][] = [];
  let cursor: Uint8Array | undefined;
  do {
    const batch = map.lookupBatch!(cursor, count);
    batch.keys.forEach((key, index) =>
      entries.push([new DataView(key.buffer, key.byteOffset).getUint32(0, true), asU64(batch.values[index])!]),
    );
    cursor = batch.next;
  } while (cursor !== undefined);
  return entries.sort((a, b) => a[0] - b[0]);
}
