import assert from "node:assert/strict";
import { it } from "node:test";
import { fixture, onEachEngine } from "./fixture.ts";

onEachEngine("many entries of which one is wrong", (engine) => {
  it("an id of no program, a program of others, a wrong index: of many the key and its number are told, and what was done", async () => {
    await using loaded = await fixture(engine, "map-entries");
    await using others = await fixture(engine === "kernel" ? "embedded" : "kernel", "map-entries").catch(() =>
      fixture("embedded", "map-entries"),
    );
    const jumps = loaded.bpf.map<number, unknown, number>("jumps");
    const landed = loaded.bpf.program("landed");
    const [first, where] = [[1, landed], String.raw`key 2 of map jumps \(number 1 of those given\)`] as const;
    const set = (wrong: unknown) => (): void => jumps.setMany([first as [number, unknown], [2, wrong]]);
    assert.throws(set(0x7fff_0000), (error: Error & { code?: string }) => {
      assert.equal(error.code, "NOT_FOUND");
      assert.match(
        error.message,
        new RegExp(`^Cannot set ${where}: .*2147418112.* with that id \\(1 before it was set\\)$`),
      );
      assert.ok(error.stack!.includes(error.message), error.stack);
      return true;
    });
    assert.throws(set(others.bpf.program("landed")), {
      name: "TypeError",
      message: new RegExp(`^Cannot set ${where}: .*belongs to another (engine|collection) \\(1 before it was set\\)$`),
    });
    assert.deepEqual(
      [0, 1, 2].map((key) => jumps.has(key)),
      [false, true, false],
    );
    const outside = /^There is no element 99 of map jumps \(number 1 of those given\): it has \d+$/;
    const none = /^An index of map jumps \(number 1 of those given\) must be a whole number, not "x"$/;
    for (const [key, name, message] of [
      [99, "RangeError", outside],
      ["x" as never, "TypeError", none],
    ] as const) {
      assert.throws(() => jumps.getMany([1, key]), { name, message });
      assert.throws(() => jumps.deleteMany([1, key]), { name, message });
      assert.throws(
        () =>
          jumps.setMany([
            [1, landed],
            [key, landed],
          ]),
        { name, message },
      );
    }
    assert.deepEqual(
      [0, 1, 2].map((key) => jumps.has(key)),
      [false, true, false],
    );
    assert.throws(() => jumps.setMany([[1, landed], 5] as never), /^TypeError: The entry of setMany\(\) \(number 1 of/);
  });

  it("what an array refuses to delete, and a full map to take, says how many were done before", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const texts = loaded.bpf.map<number, string>("text_values");
    const entries = Array.from({ length: 20 }, (_, key): [number, string] => [key, `t${key}`]);
    assert.throws(() => texts.setMany(entries), {
      message: /^Cannot set key 16 of map text_values \(number 16 of those given\): .* \(16 before it were set\)$/s,
    });
    assert.throws(
      () =>
        texts.setMany(
          [
            [0, "again"],
            [77, "new"],
          ],
          "replace",
        ),
      {
        errnoName: "ENOENT",
        message: /^Cannot set key 77 of map text_values \(number 1 of those given\): .* \(1 before it was set\)$/s,
      },
    );
    assert.throws(() => texts.getMany([1, "two" as never]), {
      name: "ValueError",
      message: /^Cannot use key "two" of map text_values \(number 1 of those given\): /,
    });
    assert.throws(() => texts.deleteMany([1, 2 ** 32]), {
      name: "ValueError",
      message: /^Cannot use key 4294967296 of map text_values \(number 1 of those given\): /,
    });
    assert.equal(texts.has(1), true);
  });
});
