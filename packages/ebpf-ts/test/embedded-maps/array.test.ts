import assert from "node:assert/strict";
import { test } from "node:test";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import { asNumber, at, keysOf, makeMap, specOf, u32, u64 } from "./test-map.ts";

const [EPERM, E2BIG, EEXIST, EINVAL] = [1, 7, 17, 22];

test("array: every return code", () => {
  for (const type of [MapType.ARRAY, MapType.PERCPU_ARRAY]) {
    const { map, lookup } = makeMap(specOf(type, 4, 8, 3));
    assert.equal(lookup(u32(3), 0), 0);
    assert.equal(lookup(u32(0xffff_ffff), 0), 0);
    assert.notEqual(lookup(u32(2), 0), 0);
    assert.equal(map.update(u32(2), u64(1), 0, 0), 0);
    assert.equal(map.update(u32(2), u64(1), 2, 0), 0);
    assert.equal(map.update(u32(3), u64(1), 0, 0), -E2BIG);
    assert.equal(map.update(u32(3), u64(1), 1, 0), -E2BIG);
    assert.equal(map.update(u32(2), u64(1), 1, 0), -EEXIST);
    for (const flags of [3, 4, 7, 8, 2 ** 32, 2 ** 63, -1]) {
      assert.equal(map.update(u32(2), u64(1), flags, 0), -EINVAL, `flags ${flags}`);
    }
    assert.equal(map.delete(u32(0)), -EINVAL);
    assert.equal(map.update(u32(0), new Uint8Array(7), 0, 0), -EINVAL);
    assert.equal(map.write(u32(0), new Uint8Array(7), 0), -EINVAL);
    assert.throws(() => map.read(new Uint8Array(5)), RangeError);
  }
});

test("array: BPF_F_LOCK without a lock in the value is refused after the index", () => {
  const { map } = makeMap(specOf(MapType.ARRAY, 4, 8, 3));
  assert.equal(map.update(u32(3), u64(1), 4, 0), -E2BIG);
  assert.equal(map.update(u32(0), u64(1), 5, 0), -EEXIST);
  assert.equal(map.update(u32(0), u64(1), 6, 0), -EINVAL);
  const perCpu = makeMap(specOf(MapType.PERCPU_ARRAY, 4, 8, 3)).map;
  assert.equal(perCpu.update(u32(3), u64(1), 4, 0), -E2BIG);
  assert.equal(perCpu.update(u32(0), u64(1), 4, 0), -EINVAL);
  assert.equal(perCpu.write(u32(3), new Uint8Array(16), 4), -EINVAL, "user space has no such flag there");
  assert.equal(perCpu.write(u32(3), new Uint8Array(16), 0), -E2BIG);
});

test("array: keys go from 0 to the last, and start anew after one that is out of range", () => {
  const { map } = makeMap(specOf(MapType.ARRAY, 4, 8, 300));
  assert.deepEqual(
    keysOf(map),
    Array.from({ length: 300 }, (_, i) => i),
  );
  assert.equal(asNumber(map.nextKey(u32(300))), 0);
  assert.equal(asNumber(map.nextKey(u32(0xffff_ffff))), 0);
  assert.equal(map.nextKey(u32(299)), undefined);
});

test("array: values stand at round_up(size, 8), are zero at first, and are the same for both sides", () => {
  const created = makeMap(specOf(MapType.ARRAY, 4, 5, 3));
  const { map, image, lookup } = created;
  assert.equal(lookup(u32(2), 1), image.address + 16);
  assert.deepEqual(map.read(u32(2)), new Uint8Array(5));
  assert.equal(map.update(u32(2), Uint8Array.of(1, 2, 3, 4, 5), 0, 0), 0);
  assert.deepEqual(map.read(u32(2)), Uint8Array.of(1, 2, 3, 4, 5));
  new Uint8Array(created.memory)[lookup(u32(2), 0)] = 9;
  assert.deepEqual(map.read(u32(2)), Uint8Array.of(9, 2, 3, 4, 5));
  assert.equal(map.read(u32(3)), undefined);
  assert.deepEqual(
    [...map.entries!(0)].map(({ key, value }) => [asNumber(key), value - image.address]),
    [
      [0, 0],
      [1, 8],
      [2, 16],
    ],
  );
});

test("per-CPU array: a program's update writes its CPU's value, bpf(2) gives and takes all", () => {
  const created = makeMap(specOf(MapType.PERCPU_ARRAY, 4, 5, 2));
  const { map, lookup } = created;
  assert.equal(map.update(u32(1), Uint8Array.of(1, 1, 1, 1, 1), 0, 1), 0);
  assert.deepEqual(map.read(u32(1)), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0));
  assert.equal(map.write(u32(1), u64(7, 8), 0), 0);
  assert.equal(at(created, lookup(u32(1), 0)), 7);
  assert.equal(at(created, lookup(u32(1), 1)), 8);
  assert.deepEqual(map.read(u32(0)), u64(0, 0));
  assert.deepEqual(
    [...map.entries!(1)].map(({ value }) => at(created, value)),
    [0, 8],
  );
});

test("array: read-only to programs, writable from outside until frozen", () => {
  for (const more of [{ readOnly: true }, { flags: MapFlag.RDONLY_PROG }]) {
    const { map } = makeMap(specOf(MapType.ARRAY, 4, 8, 1, more));
    assert.equal(map.update(u32(0), u64(1), 0, 0), -EPERM);
    assert.equal(map.write(u32(0), u64(5), 0), 0);
    assert.deepEqual(map.read(u32(0)), u64(5));
  }
});
