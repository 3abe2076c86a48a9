import assert from "node:assert/strict";
import { before, it } from "node:test";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { load } from "../../src/load.ts";
import { compile, compilerOrSkip } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onEachEngine } from "./fixture.ts";

const skip = compilerOrSkip();

onEachEngine("keys and values of types that only debug information tells", (engine: EngineName) => {
  let whole: Uint8Array;
  let stripped: Uint8Array;
  before(() => {
    if (skip !== false) return;
    whole = compile(fixturePath("entry-types/by-hand.c"));
    stripped = compile(fixturePath("entry-types/by-hand.c"), { strip: true });
  });

  const place = { street: 7, number: 12 };

  it("are values of them, in both directions", { skip }, async () => {
    await using bpf = await load(whole, { engine });
    await bpf.program("visit").run();
    const visits = bpf.map("visits");
    assert.deepEqual([...visits], [[place, { count: 3n, name: "first" }]]);
    visits.set(place, { count: 40n, name: "again" });
    await bpf.program("visit").run();
    assert.deepEqual(visits.get(place), { count: 41n, name: "again" });
    assert.equal(visits.delete(place), true);
  });

  it("are bytes in a stripped object, and bytes are taken in either", { skip }, async () => {
    const key = new Uint8Array([7, 0, 0, 0, 12, 0, 0, 0]);
    for (const object of [whole, stripped]) {
      await using bpf = await load(object, { engine });
      await bpf.program("visit").run();
      const visits = bpf.map("visits");
      const value = visits.get(key);
      const bytes = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0, 102, 105, 114, 115, 116, 0, 0, 0]);
      assert.deepEqual(value, object === stripped ? bytes : { count: 3n, name: "first" });
      visits.set(key, bytes.with(0, 9));
      assert.deepEqual(visits.get(key), object === stripped ? bytes.with(0, 9) : { count: 9n, name: "first" });
      assert.throws(() => visits.set(key, bytes.subarray(1)), { code: "BAD_VALUE" });
    }
  });
});
