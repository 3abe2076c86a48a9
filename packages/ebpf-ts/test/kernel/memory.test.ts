import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EngineRing } from "../../src/engine/ring.ts";
import type { MemoryMap } from "../../src/engine/kernel/map/memory-map.ts";
import { mapRing } from "../../src/engine/kernel/ring/ring-pages.ts";
import { openMapById } from "../../src/engine/kernel/map/open-kernel-map.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { openMappings } from "../../src/sys/memory/mapping.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { asU64, loadFixture, u32, u64, until } from "./kernel-fixture.ts";
import { collectGarbage } from "../support/collect-garbage.ts";

describe("kernel: memory", { skip: kernelOrSkip() }, () => {
  it("a mapped array is live in both directions, and lives as long as its view", async () => {
    const before = openMappings();
    let memory = await memoryOfClosed();
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(memory[0], 77);
    assert.ok(openMappings() > before);
    memory = undefined as never;
    await unmapped(before);
  });

  it("a ring's memory is said to be closed, and can still be read", async () => {
    const before = openMappings();
    let ring = (await ringOf("events")).memory;
    assert.equal(ring.open, false);
    assert.equal(ring.producer[0], 0n);
    assert.equal(ring.data.length, 2 * ring.size);
    assert.equal(ring.data[ring.data.length - 1], 0);
    ring = undefined as never;
    await unmapped(before);
  });

  it("cannot be moved to another ArrayBuffer, under which it would be unmapped", async () => {
    const collection = await loadFixture("maps");
    const memory = collection.maps.get("mapped_array")!.memory!();
    const buffer = memory.buffer as ArrayBuffer;
    try {
      structuredClone(buffer, { transfer: [buffer] }); // Node 20 copies instead
    } catch (error) {
      assert.ok(["DataCloneError", "TypeError"].includes((error as Error).name)); // Node 21, Deno
    }
    for (const name of ["transfer", "transferToFixedLength"] as const) {
      // From Node 21 on.
      const move = (ArrayBuffer.prototype as Partial<Record<typeof name, () => ArrayBuffer>>)[name];
      if (move !== undefined) assert.throws(() => move.call(buffer), TypeError);
    }
    const bytes = { type: "bytes" } as const;
    const enqueued = new ReadableStream({
      ...bytes,
      start: (to) => assert.throws(() => to.enqueue(memory), TypeError),
    });
    await enqueued.cancel();
    const filled = new ReadableStream({ ...bytes, pull: (to) => to.byobRequest!.respond(1) });
    await assert.rejects(filled.getReader({ mode: "byob" }).read(memory), TypeError);
    memory[0] = 78;
    assert.equal(asU64(collection.maps.get("mapped_array")!.lookup(u32(0))), 78n);
    await collection.close();
  });

  it("a ring beyond 1 GiB, which the kernel would make, is refused before it is mapped", () => {
    const info = { id: 0, name: "huge", flags: 0, keySize: 0, valueSize: 0, maxEntries: 2 ** 31 };
    for (const type of [MapType.RINGBUF, MapType.USER_RINGBUF]) {
      assert.throws(() => mapRing(linuxSys(), -1, { ...info, type }), { code: "NOT_SUPPORTED", message: /1073741824/ });
    }
  });

  it("read-only maps are never mapped for writing", async () => {
    const collection = await loadFixture("globals");
    const rodata = collection.maps.get(".rodata")!;
    assert.equal(rodata.memory, undefined);
    assert.throws(() => rodata.update(u32(0), rodata.lookup(u32(0))!, 0), { errnoName: "EPERM" });
    assert.notEqual(collection.maps.get(".bss")!.memory, undefined);
    await collection.close();
  });

  it("that a map is frozen is seen by whoever opens it, and read-only memory can be read by all means there are", async () => {
    const collection = await loadFixture("memory");
    const map = collection.maps.get("counters")!;
    const other = openMapById(linuxSys(), map.info.id) as MemoryMap;
    assert.deepEqual([map.frozen, other.frozen], [false, false]);
    map.update(u32(3), u64(9n), 0);
    map.freeze!();
    assert.deepEqual([map.frozen, other.frozen], [true, true]);
    assert.throws(() => other.memory(), /frozen/);
    const bytes = other.readOnlyMemory();
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    assert.deepEqual([words[3], Atomics.load(words, 3), bytes[24]], [9n, 9n, 9]);
    const halves = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    assert.deepEqual([Atomics.load(halves, 6), new DataView(bytes.buffer).getBigUint64(24, true)], [9, 9n]);
    other.close();
    await collection.close();
  });

  it("a frozen map has no writable memory, and one with writable memory cannot be frozen", async () => {
    const collection = await loadFixture("globals");
    collection.maps.get(".bss")!.freeze!();
    assert.throws(() => collection.maps.get(".bss")!.memory!(), /frozen/);
    collection.maps.get(".data")!.memory!();
    assert.throws(() => collection.maps.get(".data")!.freeze!(), /mapped for writing/);
    await collection.close();
  });
});

async function memoryOfClosed(): Promise<Uint8Array> {
  const collection = await loadFixture("maps");
  const map = collection.maps.get("mapped_array")!;
  const memory = map.memory!();
  assert.equal(memory.length, map.info.maxEntries * Math.ceil(map.info.valueSize / 8) * 8);
  assert.equal(map.memory!(), memory);
  map.update(u32(1), u64(0x1122n), 0);
  assert.equal(new DataView(memory.buffer, memory.byteOffset).getBigUint64(8, true), 0x1122n);
  memory[0] = 77;
  assert.equal(asU64(map.lookup(u32(0))), 77n);
  await collection.close();
  return memory;
}

async function ringOf(name: string): Promise<EngineRing> {
  const collection = await loadFixture("ring");
  const ring = collection.maps.get(name)!.ring!();
  assert.equal(ring.memory.open, true);
  await collection.close();
  return ring;
}

/** Until the registry has let go of what nobody can reach. */
async function unmapped(before: number): Promise<void> {
  await until(() => {
    collectGarbage();
    return openMappings() <= before;
  }, "unreachable memory is unmapped");
}
