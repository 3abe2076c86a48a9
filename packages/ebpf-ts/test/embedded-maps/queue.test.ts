import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ownThread } from "../../src/base/thread-lives.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";
import { MapFlag, MapType, UpdateFlag } from "../../src/uapi/uapi.gen.ts";
import {
  call,
  dataMap,
  exit,
  load64,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  runWith,
  addImm,
} from "../embedded/test-machine.ts";
import { cpus, makeMap, specOf, type TestMap, u32, u64 } from "./test-map.ts";

const [E2BIG, EINVAL, ENOENT] = [-7, -22, -2];
const none = new Uint8Array(0);
const types = [
  ["queue", MapType.QUEUE],
  ["stack", MapType.STACK],
] as const;

function pop({ map }: TestMap): number {
  const into = new Uint8Array(4).fill(0xff);
  const result = map.pop!(into);
  return result < 0 ? result : new Uint32Array(into.buffer)[0]!;
}

describe("queues and stacks", () => {
  for (const [name, type] of types) {
    it(`a ${name} goes round its slots many times, for all who have opened it`, () => {
      const test = makeMap(specOf(type, 0, 4, 3));
      const other = { ...test, map: openMap(test.image, test.memory, cpus) };
      const model: number[] = [];
      for (let round = 0; round < 100; round += 1) {
        const [writer, reader] = round % 2 === 0 ? [test, other] : [other, test];
        for (let i = 0; i < 1 + (round % 4); i += 1) {
          const number = round * 10 + i;
          const flags = round % 3 === 0 ? UpdateFlag.EXIST : UpdateFlag.ANY;
          const isFull = model.length === 3;
          assert.equal(writer.map.push!(u32(number), flags), isFull && flags === UpdateFlag.ANY ? E2BIG : 0);
          if (isFull && flags === UpdateFlag.EXIST) model.shift();
          if (!isFull || flags === UpdateFlag.EXIST) model.push(number);
        }
        for (let i = 0; i < 1 + (round % 3); i += 1) {
          const wanted = type === MapType.QUEUE ? model.shift() : model.pop();
          assert.equal(pop(reader), wanted ?? ENOENT);
        }
      }
    });

    it(`a ${name} that was left with one value too many has lost its oldest, and no other`, () => {
      knowThreads();
      const test = makeMap(specOf(type, 0, 4, 3));
      for (let number = 1; number <= 3; number += 1) test.map.push!(u32(number), 0);
      // As a thread leaves it that ends between the two stores of a push in place of the oldest.
      const words = new Int32Array(test.memory, test.image.state, 4 + 5);
      words[4 + words[1]!] = 4;
      words[1]! += 1;
      const startedAtAnotherTime = 1 << 22;
      words[0] = ownThread() ^ startedAtAnotherTime;
      const left = type === MapType.QUEUE ? [2, 3, 4] : [4, 3, 2];
      assert.deepEqual([pop(test), pop(test), pop(test), pop(test)], [...left, ENOENT]);
    });
  }

  it("user space's calls, as the kernel checks them", () => {
    const { map } = makeMap(specOf(MapType.QUEUE, 0, 8, 2));
    assert.equal(map.write(none, u64(1), 0), 0);
    assert.deepEqual(map.read(none), u64(1));
    assert.deepEqual(map.take!(none), u64(1));
    assert.equal(map.take!(none), undefined);
    assert.equal(map.write(none, u32(1), 0), EINVAL);
    assert.equal(map.write(u32(1), u64(1), 0), EINVAL);
    for (const flags of [1, 3, 4, 2 ** 32, NaN]) assert.equal(map.write(none, u64(1), flags), EINVAL);
    assert.throws(() => map.read(u32(0)), RangeError);
    assert.deepEqual([map.lookup(0, 0), map.update(none, u64(1), 0, 0), map.delete(none)], [0, EINVAL, EINVAL]);
  });
});

describe("helpers of maps without keys", () => {
  const helpers = ["map_push_elem", "map_pop_elem", "map_peek_elem"] as const;

  function use(helper: (typeof helpers)[number], map: Parameters<typeof mapSpec>, flags = 0): () => unknown {
    const maps = [{ ...mapSpec(...map), flags }];
    const code = [loadMap(1, 0), mov(2, 10), addImm(2, -8), movImm(3, 0), call(helper), exit];
    const machine = machineOf(() => [code], { maps });
    return () => runWith(machine).returnValue;
  }

  it("fault on other maps", () => {
    for (const helper of helpers) {
      assert.throws(use(helper, ["hash", MapType.HASH, 4, 8, 1]), /map hash, which has keys/);
      assert.throws(use(helper, ["ring", MapType.RINGBUF, 0, 0, 4096]), { code: "FAULT" });
    }
    assert.throws(use("map_pop_elem", ["filter", MapType.BLOOM_FILTER, 0, 8, 1]), /map filter/);
  });

  it("fault on what programs may only read", () => {
    for (const helper of ["map_push_elem", "map_pop_elem"] as const)
      assert.throws(use(helper, ["queue", MapType.QUEUE, 0, 8, 1], MapFlag.RDONLY_PROG), /may only read/);
    assert.equal(
      BigInt.asIntN(64, use("map_peek_elem", ["queue", MapType.QUEUE, 0, 8, 1], MapFlag.RDONLY_PROG)() as bigint),
      -2n,
    );
  });

  it("fault on values that are not there", () => {
    for (const helper of helpers) assert.throws(use(helper, ["queue", MapType.QUEUE, 0, 16, 1]), /over the end|at 0x/);
  });

  it("a filter looks for a constant too, and hashing counts", () => {
    const maps = [mapSpec("filter", MapType.BLOOM_FILTER, 0, 1200, 1), dataMap("constant", 1200, true)];
    const machine = machineOf(
      (images) => [
        [loadMap(1, 0), load64(2, BigInt(images[1]!.address)), call("map_peek_elem"), exit],
        [loadMap(1, 0), load64(2, BigInt(images[1]!.address)), movImm(3, 0), call("map_push_elem"), exit],
      ],
      { maps },
    );
    assert.equal(BigInt.asIntN(64, runWith(machine).returnValue), -2n);
    const { returnValue, instructions } = runWith(machine, {}, undefined, 1);
    assert.equal(returnValue, 0n);
    assert.ok(instructions >= 500, `five hashes of 100 blocks each, and ${instructions} were counted`);
    assert.equal(runWith(machine).returnValue, 0n);
  });
});
