import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import { asNumber, at, cpus, keysOf, makeMap, specOf, u32, u64 } from "./test-map.ts";
import type { TestMap } from "./test-map.ts";

const [EPERM, ENOENT, E2BIG, EEXIST, EINVAL] = [1, 2, 7, 17, 22];
const hash = (entries: number, flags = 0) => makeMap(specOf(MapType.HASH, 4, 8, entries, { flags }));

test("hash: every return code", () => {
  for (const type of [MapType.HASH, MapType.PERCPU_HASH]) {
    const { map, lookup } = makeMap(specOf(type, 4, 8, 2));
    assert.equal(lookup(u32(1), 0), 0);
    assert.equal(map.update(u32(1), u64(1), 2, 0), -ENOENT);
    assert.equal(map.delete(u32(1)), -ENOENT);
    assert.equal(map.update(u32(1), u64(1), 1, 0), 0);
    assert.equal(map.update(u32(1), u64(1), 1, 0), -EEXIST);
    assert.equal(map.update(u32(1), u64(2), 2, 0), 0);
    assert.equal(map.update(u32(2), u64(1), 0, 0), 0);
    assert.equal(map.update(u32(3), u64(1), 0, 0), -E2BIG);
    assert.equal(map.update(u32(3), u64(1), 2, 0), -ENOENT);
    assert.equal(map.update(u32(2), u64(3), 0, 0), 0);
    for (const flags of [3, 4, 5, 8, 2 ** 32, 2 ** 63, -1, Number.NaN]) {
      assert.equal(map.update(u32(2), u64(1), flags, 0), -EINVAL, `flags ${flags}`);
    }
    assert.equal(map.delete(u32(1)), 0);
    assert.equal(map.update(u32(3), u64(1), 0, 0), 0);
    assert.equal(map.delete(new Uint8Array(3)), -EINVAL);
    assert.equal(map.update(u32(2), new Uint8Array(9), 0, 0), -EINVAL);
    assert.equal(map.write(u32(2), new Uint8Array(9), 0), -EINVAL);
    assert.throws(() => map.read(new Uint8Array(3)), RangeError);
    assert.throws(() => map.nextKey(new Uint8Array(3)), RangeError);
  }
});

test("hash: BPF_F_NO_PREALLOC is accepted and treated alike", () => {
  const { map } = hash(1, MapFlag.NO_PREALLOC);
  assert.equal(map.update(u32(1), u64(1), 0, 0), 0);
  assert.equal(map.update(u32(2), u64(1), 0, 0), -E2BIG);
});

test("hash: read-only to programs", () => {
  const { map } = hash(1, MapFlag.RDONLY_PROG);
  assert.equal(map.update(u32(1), u64(1), 0, 0), -EPERM);
  assert.equal(map.write(u32(1), u64(1), 0), 0);
  assert.deepEqual(map.read(u32(1)), u64(1));
});

test("hash: an update of a present key writes in place", () => {
  const created = hash(2);
  created.map.update(u32(1), u64(10), 0, 0);
  const address = created.lookup(u32(1), 0);
  created.map.update(u32(1), u64(11), 0, 0);
  assert.equal(created.lookup(u32(1), 0), address);
  assert.equal(at(created, address), 11);
});

test("hash: a reused slot shows nothing of the value before", () => {
  const created = makeMap(specOf(MapType.PERCPU_HASH, 4, 8, 1));
  created.map.write(u32(1), u64(5, 6), 0);
  created.map.delete(u32(1));
  created.map.update(u32(2), u64(9), 0, 1);
  assert.deepEqual(created.map.read(u32(2)), u64(0, 9));
});

test("per-CPU hash: a program's update writes its CPU's value, bpf(2) gives and takes all", () => {
  const created = makeMap(specOf(MapType.PERCPU_HASH, 4, 4, 2));
  const { map, lookup } = created;
  assert.equal(map.update(u32(1), u32(7), 0, 1), 0);
  assert.deepEqual(map.read(u32(1)), u64(0, 7));
  assert.equal(map.update(u32(1), u32(8), 0, 0), 0);
  assert.deepEqual(map.read(u32(1)), u64(8, 7));
  assert.equal(map.write(u32(1), u64(1, 2), 0), 0);
  assert.deepEqual(
    Array.from({ length: cpus }, (_, cpu) => at(created, lookup(u32(1), cpu))),
    [1, 2],
  );
  assert.deepEqual(
    [...map.entries!(1)].map(({ value }) => at(created, value)),
    [2],
  );
});

test("hash: next key goes over every key once, and starts anew after a key that is gone", () => {
  const { map } = hash(100);
  for (let i = 0; i < 100; i++) {
    map.update(u32(i), u64(i), 0, 0);
  }
  const keys = keysOf(map);
  assert.deepEqual(
    [...keys].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  map.delete(u32(keys[50]!));
  assert.equal(asNumber(map.nextKey(u32(keys[50]!))), keys[0]);
  assert.equal(map.nextKey(u32(keys[99]!)), undefined);
});

test("hash: keys of odd and large sizes", () => {
  for (const size of [1, 3, 13, 64, 600]) {
    const { map } = makeMap(specOf(MapType.HASH, size, 8, 16));
    for (let i = 0; i < 16; i++) {
      assert.equal(map.update(new Uint8Array(size).fill(i, size - 1), u64(i), 1, 0), 0);
    }
    for (let i = 0; i < 16; i++) {
      assert.deepEqual(map.read(new Uint8Array(size).fill(i, size - 1)), u64(i));
    }
  }
});

test("hash: entries may be deleted, added and replaced while they are walked", () => {
  const created = hash(64);
  const { map } = created;
  for (let i = 0; i < 32; i++) {
    map.update(u32(i), u64(i), 0, 0);
  }
  const seen = [];
  for (const { key, value } of map.entries!(0)) {
    seen.push(asNumber(key));
    assert.equal(at(created, value), asNumber(key));
    assert.equal(map.delete(key), 0);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a! - b!),
    Array.from({ length: 32 }, (_, i) => i),
  );
  assert.deepEqual(keysOf(map), []);

  let steps = 0;
  map.update(u32(0), u64(0), 0, 0);
  for (const { key } of map.entries!(0)) {
    steps++;
    map.delete(key);
    map.update(u32(1000 + steps), u64(0), 0, 0);
    map.update(u32(2000 + steps), u64(0), 0, 0);
  }
  assert.ok(steps <= 64 * 64);
});

test("hash: what was deleted ahead in the walk is not shown", () => {
  const { map } = hash(64);
  for (let i = 0; i < 64; i++) {
    map.update(u32(i), u64(i), 0, 0);
  }
  const gone = new Set<number>();
  for (const { key } of map.entries!(0)) {
    assert.ok(!gone.has(asNumber(key)!));
    for (let i = 0; i < 64; i += 2) {
      gone.add(i);
      map.delete(u32(i));
    }
  }
});

test("LRU: the entry that was not used for the longest time goes", () => {
  const { map, lookup } = makeMap(specOf(MapType.LRU_HASH, 4, 8, 3));
  for (const key of [1, 2, 3]) {
    assert.equal(map.update(u32(key), u64(key), 0, 0), 0);
  }
  lookup(u32(1), 0);
  map.read(u32(2));
  assert.equal(map.update(u32(4), u64(4), 0, 0), 0);
  assert.deepEqual(keysOf(map).sort(), [1, 3, 4]);
  assert.equal(map.update(u32(3), u64(33), 2, 0), 0);
  assert.equal(map.update(u32(5), u64(5), 1, 0), 0);
  assert.deepEqual(keysOf(map).sort(), [3, 4, 5]);
  assert.equal(map.update(u32(9), u64(5), 2, 0), -ENOENT);
  assert.equal(map.update(u32(5), u64(5), 1, 0), -EEXIST);
  assert.equal(map.delete(u32(4)), 0);
  assert.equal(map.update(u32(6), u64(6), 0, 0), 0);
  assert.deepEqual(keysOf(map).sort(), [3, 5, 6]);
});

interface Step {
  readonly deed: "update" | "write" | "delete" | "lookup" | "read";
  readonly key: number;
  readonly flags: number;
}

const steps = fc.array(
  fc.record({
    deed: fc.constantFrom<Step["deed"]>("update", "update", "write", "delete", "lookup", "read"),
    key: fc.integer({ min: 0, max: 11 }),
    flags: fc.constantFrom(0, 0, 1, 2),
  }),
  { maxLength: 200, size: "max" },
);

/** A Map keeps insertion order, so that it is the model of a hash, and with `lru` of the order of use too. */
function check(created: TestMap, lru: boolean, all: readonly Step[]): void {
  const { map, image, lookup } = created;
  const model = new Map<number, number>();
  const touch = (key: number) => {
    const value = model.get(key)!;
    model.delete(key);
    model.set(key, value);
  };
  const expectedUpdate = (key: number, value: number, flags: number): number => {
    if (model.has(key)) {
      if (flags === 1) {
        return -EEXIST;
      }
      touch(key);
    } else if (flags === 2) {
      return -ENOENT;
    } else if (model.size === image.maxEntries) {
      if (!lru) {
        return -E2BIG;
      }
      model.delete(model.keys().next().value!);
    }
    model.set(key, value);
    return 0;
  };
  for (const [i, { deed, key, flags }] of all.entries()) {
    if (deed === "update" || deed === "write") {
      const result = deed === "update" ? map.update(u32(key), u64(i), flags, 0) : map.write(u32(key), u64(i), flags);
      assert.equal(result, expectedUpdate(key, i, flags));
    } else if (deed === "delete") {
      assert.equal(map.delete(u32(key)), model.delete(key) ? 0 : -ENOENT);
    } else if (deed === "lookup") {
      const address = lookup(u32(key), 0);
      assert.equal(address === 0 ? undefined : at(created, address), model.get(key));
      if (model.has(key)) {
        touch(key);
      }
    } else {
      assert.deepEqual(map.read(u32(key)), model.has(key) ? u64(model.get(key)!) : undefined);
    }
    const sorted = [...model.keys()].sort((a, b) => a - b);
    assert.deepEqual(
      keysOf(map).sort((a, b) => a - b),
      sorted,
    );
    assert.deepEqual(
      [...map.entries!(0)].map((entry) => asNumber(entry.key)!).sort((a, b) => a - b),
      sorted,
    );
  }
}

test("hash: behaves as a Map", () => {
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 9 }), (all, size) => check(hash(size), false, all)));
});

test("LRU: behaves as a Map in the order of use", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (all, size) =>
      check(makeMap(specOf(MapType.LRU_HASH, 4, 8, size)), true, all),
    ),
  );
});

test("a table that a thread left half done is made anew from its keys and generations", () => {
  knowThreads();
  const [entries, buckets, headWords, noThread] = [8, 8, 8, (1 << 22) - 1];
  const [lockWord, usedWord, seedWord] = [0, 2, 5];
  const deed = fc.record({ key: fc.integer({ min: 0, max: 15 }), remove: fc.boolean() });
  const scribble = fc.record({ word: fc.integer({ min: 1, max: 63 }), value: fc.integer() });
  for (const type of [MapType.HASH, MapType.LRU_HASH]) {
    const words = headWords + buckets + (type === MapType.HASH ? 2 : 4) * entries;
    const generations = headWords + buckets + entries;
    const isTruth = (word: number): boolean =>
      word === usedWord || word === seedWord || (word >= generations && word < generations + entries);
    fc.assert(
      fc.property(fc.array(deed), fc.array(scribble, { maxLength: 60, size: "max" }), (deeds, scribbles) => {
        const { map, image, memory } = makeMap(specOf(type, 4, 8, entries));
        for (const { key, remove } of deeds) {
          if (remove) map.delete(u32(key));
          else map.update(u32(key), u64(key), 0, 0);
        }
        const left = new Set(keysOf(map));
        const table = new Int32Array(memory, image.state, words);
        for (const { word, value } of scribbles) {
          // Links of another slot, as a change that is half done leaves them.
          if (word < words && !isTruth(word)) table[word] = (value >>> 0) % (entries + 1);
        }
        table[lockWord] = noThread;
        assert.deepEqual(new Set(keysOf(map)), left);
        for (const key of left) assert.deepEqual(map.read(u32(key)), u64(key));
        for (const key of left) assert.equal(map.delete(u32(key)), 0);
        for (let key = 20; key < 20 + entries; key += 1) assert.equal(map.update(u32(key), u64(key), 1, 0), 0);
        assert.equal(keysOf(map).length, entries);
        assert.equal(map.update(u32(1), u64(1), 1, 0), type === MapType.HASH ? -E2BIG : 0);
      }),
      { numRuns: 50 },
    );
  }
});
