import assert from "node:assert/strict";
import { it } from "node:test";
import { ValueError } from "../../src/base/errors.ts";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";

const many = 1500;
const pairs = (count: number): [number, bigint][] =>
  Array.from({ length: count }, (_, key): [number, bigint] => [key, BigInt(key) * 3n]);

interface Padded {
  readonly kind: number;
  readonly number: number;
  readonly name: string;
}

onEachEngine("maps as people expect them", (engine) => {
  for (const name of ["many", "least_used"]) {
    it(`${name}: many entries are set, read, counted and deleted`, async () => {
      await using loaded = await fixture(engine, "map-entries");
      const map = loaded.bpf.map<number, bigint>(name);
      map.setMany(pairs(many));
      assert.equal(map.size, many);
      assert.deepEqual(new Map(map), new Map(pairs(many)));
      assert.deepEqual(new Set(map.keys()), new Set(pairs(many).map(([key]) => key)));
      assert.deepEqual(new Set(map.values()), new Set(pairs(many).map(([, value]) => value)));
      assert.deepEqual(map.getMany([7, many + 1, 9]), [21n, undefined, 27n]);
      assert.equal(map.deleteMany([1, 1, many + 5, 3, 2]), 3);
      assert.equal(map.size, many - 3);
      map.clear();
      assert.deepEqual([map.size, [...map]], [0, []]);
    });
  }

  it("an array has all its keys, and is cleared to zeros", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<number, bigint>("numbers");
    map.setMany([
      [0, 5n],
      [7, 6n],
    ]);
    assert.deepEqual([map.size, [...map.values()]], [8, [5n, 0n, 0n, 0n, 0n, 0n, 0n, 6n]]);
    map.clear();
    assert.deepEqual([...map.values()], Array(8).fill(0n));
    assert.throws(() => map.deleteMany([1]), /Cannot delete key 1 of map numbers \(number 0 of those given\)/);
  });

  it("setMany checks all before it writes one, and says which it was", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<number, unknown>("many");
    const entries: [number, unknown][] = [
      [1, 1n],
      [2, "two"],
    ];
    assert.throws(
      () => map.setMany(entries),
      (error: unknown) => {
        assert.ok(error instanceof ValueError);
        assert.equal(error.code, "BAD_VALUE");
        assert.deepEqual(error.place, { map: "many", key: 2, index: 1 });
        assert.match(error.message, /^Cannot set key 2 of map many \(number 1 of those given\): /);
        return true;
      },
    );
    assert.equal(map.size, 0);
  });

  it("setMany that does not fit keeps those before, and says which was refused", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<number, string>("text_values");
    const entries = Array.from({ length: 20 }, (_, key): [number, string] => [key, `t${key}`]);
    assert.throws(() => map.setMany(entries), {
      code: "NO_SPACE",
      message: /^Cannot set key 16 of map text_values \(number 16/,
    });
    assert.equal(map.size, 16);
    assert.throws(() => map.setMany([[3, "again"]], "create"), {
      errnoName: "EEXIST",
      message: /key 3 of map text_values/,
    });
    map.setMany([[3, "again"]], "replace");
    assert.equal(map.get(3), "again");
  });

  it("a key that does not fit is named", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<unknown, bigint>("texts");
    for (const use of [
      () => map.get("much too long"),
      () => map.set("much too long", 1n),
      () => map.delete("much too long"),
    ])
      assert.throws(use, {
        name: "ValueError",
        message: /^Cannot use key "much too long" of map texts: .*do not fit 8/,
      });
  });

  it("a key of several members is named by them", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<unknown, unknown>("padded_keys");
    const key = { kind: 1, number: -5, name: "ab" };
    const message =
      /^Cannot use key \{ kind: 1, number: -5, name: "ab" \} of map padded_keys.*: padded\.number: -5 is not/;
    for (const use of [() => map.get(key), () => map.setMany([[key, {}]]), () => map.delete(key)])
      assert.throws(use, { name: "ValueError", message });
  });

  it("a per-CPU map shows every CPU, or their sum", async () => {
    await using loaded = await fixture(engine, "map-entries");
    for (const name of ["cpu_hash", "cpu_array"]) {
      const wide = name === "cpu_hash";
      const map = loaded.bpf.map<number, number | bigint, (number | bigint)[]>(name);
      map.set(1, wide ? 0n : 0);
      const cpus = map.getPerCpu(1)!.length;
      const values = Array.from({ length: cpus }, (_, cpu) => (wide ? BigInt(cpu + 1) : cpu + 1));
      const total = (cpus * (cpus + 1)) / 2;
      const sum = wide ? BigInt(total) : total;
      map.setPerCpu(1, values);
      assert.deepEqual(map.get(1), values);
      assert.deepEqual(map.get(1, { sum: true }), sum);
      assert.deepEqual(map.getMany([1], { sum: true }), [sum]);
      assert.deepEqual(new Map(map).get(1), values);
      assert.deepEqual(new Map(map.entries({ sum: true })).get(1), sum);
      assert.ok([...map.values({ sum: true })].includes(sum));
    }
  });

  it("structs are summed member by member, and what is no number is refused", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<number, Padded>("cpu_structs");
    map.set(0, { kind: 1, number: 2, name: "x" });
    if (map.getPerCpu(0)!.length > 1) assert.throws(() => map.get(0, { sum: true }), { code: "NOT_SUPPORTED" });
    assert.throws(() => map.get(0, { sum: 1 } as never), TypeError);
    assert.throws(() => map.get(0, { sums: true } as never), TypeError);
  });

  it("programs are put into a prog array, and taken out", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const jumps = loaded.bpf.map<number, unknown, number>("jumps");
    const jump = async (): Promise<number> => {
      const context = new Uint8Array(new BigUint64Array([2n]).buffer);
      return (await loaded.bpf.program("jump").run({ context })).returnValue;
    };
    assert.equal(await jump(), 100);
    jumps.set(2, loaded.bpf.program("landed"));
    assert.equal(await jump(), 42);
    assert.equal(jumps.has(2), true);
    assert.equal(jumps.delete(2), true);
    assert.equal(await jump(), 100);
    jumps.setMany([[2, loaded.bpf.program("landed")]]);
    assert.equal(await jump(), 42);
    jumps.clear();
    assert.equal(await jump(), 100);
  });

  it("what a prog array gives may be put into it", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const jumps = loaded.bpf.map<number, unknown, number>("jumps");
    jumps.set(2, loaded.bpf.program("landed"));
    jumps.set(1, jumps.get(2)!);
    assert.deepEqual(
      [...jumps.entries()],
      [1, 2].map((key) => [key, jumps.get(2)]),
    );
    const entries = [...jumps.entries()];
    jumps.clear();
    jumps.setMany(entries);
    assert.deepEqual([...jumps.entries()], entries);
  });

  it("what is no program is refused by a prog array, which of many is told, and another mode", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const jumps = loaded.bpf.map<number, unknown, number>("jumps");
    const landed = loaded.bpf.program("landed");
    for (const wrong of [undefined, null, "landed", {}, loaded.bpf, loaded.bpf.map("many")]) {
      const message = /^The value of key 2 of map jumps must be a program, or the id of one, not /;
      assert.throws(() => jumps.set(2, wrong), { name: "TypeError", message });
    }
    for (const wrong of [-1, 1.5, 2 ** 32]) assert.throws(() => jumps.set(2, wrong), TypeError);
    assert.throws(() => jumps.set(2, 0x7fff_0000), {
      code: "NOT_FOUND",
      message: "Cannot put program 2147418112 into map jumps: there is no program with that id",
    });
    const second: [number, unknown][] = [
      [1, landed],
      [2, "landed"],
    ];
    assert.throws(
      () => jumps.setMany(second),
      /^TypeError: The value of key 2 of map jumps \(number 1 of those given\)/,
    );
    assert.equal(jumps.has(1), true);
    assert.throws(() => jumps.set(2, landed, "replace"), {
      code: "NOT_SUPPORTED",
      message: /^Cannot set key 2 of map jumps: .* mode "any"/,
    });
    assert.throws(() => jumps.setMany([5] as never), { name: "TypeError", message: /entry of setMany/ });
  });

  it("arguments of the wrong kind are refused", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<unknown, unknown>("many");
    for (const use of [
      () => map.getMany(5 as never),
      () => map.setMany(5 as never),
      () => map.setMany([5] as never),
      () => map.deleteMany(undefined as never),
      () => map.setMany([], "nonsense" as never),
    ])
      assert.throws(use, TypeError);
  });
});

onKernel("maps as people expect them", () => {
  it("maps are put into maps of maps, by key and by index", async () => {
    await using loaded = await fixture("kernel", "map-slots");
    const { bpf } = loaded;
    const outer = bpf.map<number, unknown, number>("outer");
    const hash = bpf.map<unknown, unknown, unknown>("outer_hash");
    const first = bpf.map<number, bigint>("first");
    first.set(0, 11n);
    const count = async (): Promise<number> => {
      const context = new Uint8Array(new BigUint64Array([1n]).buffer);
      return (await bpf.program("inner_count").run({ context })).returnValue | 0;
    };
    assert.equal(await count(), -1);
    outer.set(1, first);
    assert.deepEqual([await count(), outer.get(1)], [11, first.info.id]);
    outer.set(1, bpf.map("second"));
    assert.equal(await count(), 0);
    outer.set(1, first.info.id);
    assert.deepEqual([await count(), outer.get(1)], [11, first.info.id]);
    assert.throws(() => outer.set(1, 0x7fff_0000), {
      code: "NOT_FOUND",
      message: /^Cannot put map 2147418112 into map outer: /,
    });
    const key = 5n;
    hash.set(key, first);
    assert.deepEqual([hash.size, hash.has(key), hash.delete(key), hash.size], [1, true, true, 0]);
    assert.throws(() => outer.set(0, bpf.map("other")), { code: "SYSCALL", errnoName: "EINVAL" });
    const pairs: [number, unknown][] = [
      [2, first],
      [3, bpf.map("other")],
    ];
    assert.throws(() => outer.setMany(pairs), {
      errnoName: "EINVAL",
      message: /^Cannot set key 3 of map outer \(number 1/,
    });
    for (const [wrong, reason] of [
      [0x7fff_0000, "there is no map with that id"],
      [loaded.bpf.map("other").info.id, "Invalid argument"],
    ] as const) {
      assert.throws(
        () =>
          hash.setMany([
            [1n, first],
            [2n, wrong],
          ]),
        (error: Error) => {
          assert.match(error.message, /^Cannot set key 2n of map outer_hash \(number 1 of those given\): /);
          assert.ok(error.message.includes(reason) || "errno" in error, error.message);
          assert.match(error.message, / \(1 before it was set\)$/);
          return true;
        },
      );
    }
    assert.throws(
      () => outer.set(0, "first"),
      /^TypeError: The value of key 0 of map outer must be a map, or the id of one, not "first"$/,
    );
    assert.equal(outer.delete(1), true);
    assert.equal(await count(), -1);
  });
});

/** The embedded engine names what it does not have. */
it("maps of maps are refused by name on the embedded engine", async () => {
  await assert.rejects(fixture("embedded", "map-slots"), {
    code: "NOT_SUPPORTED",
    message: /array_of_maps/i,
  });
});
