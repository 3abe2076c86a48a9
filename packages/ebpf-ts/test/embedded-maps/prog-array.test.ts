import assert from "node:assert/strict";
import { test } from "node:test";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { keysOf, makeMap, specOf, u32 } from "./test-map.ts";

const [ENOENT, E2BIG, EBADF, EINVAL] = [2, 7, 9, 22];

test("prog array: slots, ids and return codes", () => {
  const { map, image, lookup } = makeMap(specOf(MapType.PROG_ARRAY, 4, 4, 3));
  assert.equal(image.address, 0);
  assert.equal(map.programAt!(0), -1);
  assert.equal(map.setProgramAt!(2, 0), 0);
  assert.equal(map.programAt!(2), 0);
  assert.equal(map.programAt!(3), -1);
  assert.equal(map.programAt!(0xffff_ffff), -1);
  assert.equal(map.programAt!(-1), -1);
  assert.equal(map.setProgramAt!(3, 0), -E2BIG);
  assert.equal(map.setProgramAt!(0, -1), -EBADF);
  assert.deepEqual(map.read(u32(2)), u32(1));
  assert.equal(map.read(u32(1)), undefined);
  assert.equal(map.read(u32(3)), undefined);

  assert.equal(map.write(u32(1), u32(513), 0), 0);
  assert.equal(map.programAt!(1), 512);
  assert.deepEqual(map.read(u32(1)), u32(513));
  assert.equal(map.write(u32(1), u32(0), 0), -EBADF);
  assert.equal(map.write(u32(1), u32(0xffff_ffff), 0), -EBADF);
  assert.equal(map.write(u32(3), u32(1), 0), -E2BIG);
  assert.equal(map.write(u32(1), u32(1), 1), -EINVAL);
  assert.equal(map.write(u32(1), new Uint8Array(8), 0), -EINVAL);

  assert.equal(map.delete(u32(1)), 0);
  assert.equal(map.delete(u32(1)), -ENOENT);
  assert.equal(map.delete(u32(3)), -E2BIG);
  assert.equal(lookup(u32(2), 0), 0);
  assert.equal(map.update(u32(2), u32(1), 0, 0), -EINVAL);
  assert.deepEqual(keysOf(map), [0, 1, 2]);
  assert.equal(map.entries, undefined);
});
