import assert from "node:assert/strict";
import { test } from "node:test";
import { planMap } from "../../src/engine/embedded/maps/plan-map.ts";
import { EbpfError } from "../../src/base/errors.ts";
import type { EbpfErrorCode } from "../../src/base/errors.ts";
import type { MapSpec } from "../../src/spec/types.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import { SimplePlan, cpus, makeMap, specOf } from "./test-map.ts";

function refused(spec: MapSpec, code: EbpfErrorCode): void {
  const plan = new SimplePlan();
  assert.throws(
    () => planMap(spec, plan, cpus),
    (error) => error instanceof EbpfError && error.code === code && error.message.includes("tested"),
  );
  assert.deepEqual(plan.regions, []);
}

test("what the kernel refuses to create is refused", () => {
  refused(specOf(MapType.ARRAY, 8, 4, 1), "BAD_OBJECT");
  refused(specOf(MapType.ARRAY, 4, 0, 1), "BAD_OBJECT");
  refused(specOf(MapType.ARRAY, 4, 4, 0), "BAD_OBJECT");
  refused(specOf(MapType.PERCPU_ARRAY, 4, 32 * 1024 + 1, 1), "TOO_BIG");
  refused(specOf(MapType.HASH, 0, 4, 1), "BAD_OBJECT");
  refused(specOf(MapType.HASH, 4, 4, 0), "BAD_OBJECT");
  refused(specOf(MapType.PERCPU_HASH, 4, 32 * 1024 + 1, 1), "TOO_BIG");
  refused(specOf(MapType.LRU_HASH, 4, 4, 8, { flags: MapFlag.NO_PREALLOC }), "NOT_SUPPORTED");
  refused(specOf(MapType.PROG_ARRAY, 4, 8, 1), "BAD_OBJECT");
  refused(specOf(MapType.RINGBUF, 4, 0, 4096), "BAD_OBJECT");
  refused(specOf(MapType.RINGBUF, 0, 0, 0), "BAD_OBJECT");
  refused(specOf(MapType.USER_RINGBUF, 0, 4, 4096), "BAD_OBJECT");
  refused(specOf(MapType.USER_RINGBUF, 0, 0, 4096, { flags: 1 << 19 }), "BAD_OBJECT");
  refused(specOf(MapType.ARRAY, 4, 4, 1, { mapExtra: 1n }), "BAD_OBJECT");
  refused(specOf(MapType.ARRAY, 4, -1, 1), "BAD_OBJECT");
  refused(specOf(MapType.HASH, 4, Number.NaN, 1), "BAD_OBJECT");
});

test("what the engine lacks is named", () => {
  refused(specOf(MapType.LPM_TRIE, 8, 4, 1), "NOT_SUPPORTED");
  refused(specOf(1234, 8, 4, 1), "NOT_SUPPORTED");
  refused(specOf(MapType.ARRAY, 4, 4, 1, { flags: MapFlag.WRONLY_PROG }), "NOT_SUPPORTED");
  refused(specOf(MapType.ARRAY, 4, 4, 1, { flags: 0x8000_0000 }), "NOT_SUPPORTED");
});

test("absurd sizes are refused before anything is allocated", () => {
  const huge = 0xffff_ffff;
  for (const type of [MapType.ARRAY, MapType.PERCPU_ARRAY, MapType.HASH, MapType.PERCPU_HASH, MapType.LRU_HASH]) {
    refused(specOf(type, 4, 8, huge), "TOO_BIG");
  }
  refused(specOf(MapType.HASH, huge, huge, 2 ** 31), "TOO_BIG");
  refused(specOf(MapType.ARRAY, 4, huge, 1), "TOO_BIG");
  refused(specOf(MapType.PROG_ARRAY, 4, 4, huge), "TOO_BIG");
  refused(specOf(MapType.RINGBUF, 0, 0, huge), "TOO_BIG");
  refused(specOf(MapType.RINGBUF, 0, 0, 2 ** 29), "TOO_BIG");
});

test("rings are rounded up as libbpf does", () => {
  for (const [wanted, size] of [
    [1, 4096],
    [4096, 4096],
    [4097, 8192],
    [12288, 16384],
    [262144, 262144],
  ] as const) {
    assert.equal(makeMap(specOf(MapType.RINGBUF, 0, 0, wanted)).image.maxEntries, size);
    assert.equal(makeMap(specOf(MapType.USER_RINGBUF, 0, 0, wanted)).image.maxEntries, size);
  }
});

test("memory is planned with its access", () => {
  const accessOf = (spec: MapSpec) => makeMap(spec).regions.map((region) => [region.end - region.start, region.access]);
  assert.deepEqual(accessOf(specOf(MapType.ARRAY, 4, 5, 3)), [[24, "read-write"]]);
  assert.deepEqual(accessOf(specOf(MapType.ARRAY, 4, 5, 3, { flags: MapFlag.RDONLY_PROG })), [[24, "read"]]);
  assert.deepEqual(accessOf(specOf(MapType.ARRAY, 4, 5, 3, { readOnly: true })), [[24, "read"]]);
  assert.deepEqual(accessOf(specOf(MapType.PERCPU_HASH, 4, 5, 3)), [[24 * cpus, "read-write"]]);
  assert.deepEqual(accessOf(specOf(MapType.RINGBUF, 0, 0, 4096)), [[8192, "record"]]);
  assert.deepEqual(accessOf(specOf(MapType.USER_RINGBUF, 0, 0, 4096)), [[8192, "record"]]);
  assert.deepEqual(accessOf(specOf(MapType.PROG_ARRAY, 4, 4, 3)), []);
});
