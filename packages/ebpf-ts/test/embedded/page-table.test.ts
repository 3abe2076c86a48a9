import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MemoryLayout } from "../../src/engine/embedded/memory/memory-plan.ts";
import { PageTable, pageSize, readable, regionOf, writable } from "../../src/engine/embedded/memory/page-table.ts";
import { ProgramMemory } from "../../src/engine/embedded/memory/program-memory.ts";
import type { Access } from "../../src/engine/embedded/memory/region.ts";

function layOut(...regions: [name: string, size: number, access: Access][]) {
  const layout = new MemoryLayout();
  const starts = regions.map(([name, size, access]) => layout.reserve(name, size, access));
  const planned = layout.createMemory();
  return { starts, planned, memory: new ProgramMemory(planned.memory.buffer, planned.regions) };
}

interface WasmCompiler {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { exports: { entry(address: number): number } };
}

/**
 * The module that compiled code will look like:
 *
 * ```text
 *   (import "m" "memory" (memory 1 65536 shared))
 *   (func (export "entry") (param i32) (result i32)
 *     (i32.load offset=65536 (i32.shl (i32.shr_u (local.get 0) (i32.const 12)) (i32.const 2))))
 * ```
 */
const entryModule = Uint8Array.from(
  [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    [1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
    [2, 16, 1, 1, 0x6d, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4],
    [3, 2, 1, 0],
    [7, 9, 1, 5, 0x65, 0x6e, 0x74, 0x72, 0x79, 0, 0],
    [10, 17, 1, 15, 0, 0x20, 0, 0x41, 12, 0x76, 0x41, 2, 0x74, 0x28, 2, 0x80, 0x80, 4, 11],
  ].flat(),
);

describe("the page table", () => {
  it("says what every program may do, page by page", () => {
    const { starts, memory } = layOut(
      ["constant", 100, "read"],
      ["data", 2 * pageSize + 8, "read-write"],
      ["ring", pageSize, "record"],
      ["secret", pageSize, "machine"],
    );
    const [constant, data, ring, secret] = starts as [number, number, number, number];
    const rights = (address: number, size: number): number =>
      memory.pages.entryOf(address, size) & (readable | writable);
    assert.equal(rights(constant, 100), readable);
    assert.equal(memory.pages.entryOf(constant + 1, 100), 0);
    assert.equal(rights(data, 2 * pageSize + 8), readable | writable);
    assert.equal(rights(data + pageSize - 4, 8), readable | writable);
    assert.equal(memory.pages.entryOf(data + 2 * pageSize + 1, 8), 0);
    assert.equal(memory.pages.entryOf(data - 1, 8), 0);
    assert.equal(rights(ring, 8), 0);
    assert.notEqual(memory.pages.entryOf(ring, 8), 0);
    assert.equal(memory.pages.entryOf(secret, 1), 0);
    assert.deepEqual(
      [constant, data + pageSize, ring, secret].map((address) => memory.nameAt(address)),
      ["constant", "data", "ring", undefined],
    );
    assert.equal(memory.isConstant(constant, 8), true);
    assert.equal(memory.isConstant(data, 8), false);
  });

  it("knows of every number", () => {
    const { memory } = layOut(["data", 8, "read-write"]);
    for (const address of [0, -1, -(2 ** 40), 0.5, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, Infinity, NaN]) {
      assert.equal(memory.pages.entryOf(address, 8), 0, String(address));
    }
  });

  it("is one for all views, and changes under them", () => {
    const { planned } = layOut(["data", 8, "read-write"]);
    const [one, other] = [new PageTable(planned.memory.buffer), new PageTable(planned.memory.buffer)];
    const { end } = planned.heap;
    assert.equal(one.tryTake(end / pageSize - 1), true);
    assert.equal(other.tryTake(end / pageSize - 1), false);
    one.map(end - pageSize, 24, "read", 7);
    assert.equal(regionOf(other.entryOf(end - pageSize, 24)), 7);
    assert.equal(other.entryOf(end - pageSize, 25), 0);
    one.unmap(end - pageSize, 24);
    assert.equal(other.entryOf(end - pageSize, 1), 0);
    assert.equal(other.isFree(end / pageSize - 1), false);
    one.release(end / pageSize - 1);
    assert.equal(other.isFree(end / pageSize - 1), true);
  });

  it("is where compiled code finds it", () => {
    const { planned, starts, memory } = layOut(["data", 8, "read-write"], ["constant", pageSize, "read"]);
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmCompiler }).WebAssembly;
    const { entry } = new Instance(new Module(entryModule), { m: { memory: planned.memory } }).exports;
    for (const address of [0, ...starts, 0x7fff_ffff, 0xffff_ffff]) {
      const found = entry(address);
      assert.equal((found & 0x1fff) > 0, memory.isMapped(address, 1));
      assert.equal((found & writable) !== 0, memory.isWritable(address, 1));
    }
  });

  it("agrees with a list of regions", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 * pageSize }), fc.constant(pageSize)), {
      minLength: 1,
      maxLength: 6,
    });
    const probes = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(2), fc.nat(2 * pageSize)), {
      minLength: 20,
    });
    fc.assert(
      fc.property(sizes, probes, (all, offsets) => {
        const { memory, planned } = layOut(...all.map((size, i): [string, number, Access] => [`r${i}`, size, "read"]));
        offsets.forEach(([offset, where, size], i) => {
          const region = planned.regions[i % planned.regions.length]!;
          const from = [region.start, region.end, region.start + pageSize][where]!;
          const address = from + offset;
          const owner = planned.regions.find(({ start, end }) => address >= start && address < end);
          if (size > 0)
            assert.equal(memory.isMapped(address, size), owner !== undefined && address + size <= owner.end);
          const length = owner === undefined ? 0 : Math.min(size, owner.end - address);
          assert.equal(memory.pages.lengthAt(address, size), length);
          assert.equal(memory.nameAt(address), owner?.name);
        });
      }),
      { numRuns: 200 },
    );
  });
});
