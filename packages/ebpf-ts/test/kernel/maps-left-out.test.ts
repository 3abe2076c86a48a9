import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collection } from "../../src/collection/collection.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";

const open = (options: LoadOptions): Promise<Collection> =>
  load(fixturePath("maps-left-out.bpf.o"), { engine: "kernel", maps: { newer: { load: false } }, ...options });

describe("kernel: maps that are not made", { skip: kernelOrSkip() }, () => {
  it("are missed by no program that asks first", async () => {
    await using bpf = await open({});
    assert.equal((await bpf.program("asks_first").run()).returnValue, 0);
    assert.equal(bpf.map("older").get(0), 7n);
    assert.throws(() => bpf.map("newer"), { code: "NOT_FOUND", message: /map newer: it was not loaded/ });
  });

  it("are told where a program comes to use them", async () => {
    const message = /it uses map newer, which load\(\) was told not to make: ask a variable first/;
    await assert.rejects(open({ only: "does_not_ask" }), { code: "VERIFIER", message });
    await assert.rejects(open({ variables: { has_newer: 1 } }), { code: "VERIFIER", message });
  });

  it("are filled with no maps or programs, and are in no map that is", async () => {
    const without = (name: string): Promise<Collection> =>
      load(fixturePath("ring-slots.bpf.o"), { engine: "kernel", without: "*", maps: { [name]: { load: false } } });
    await using bpf = await without("rings");
    assert.deepEqual([bpf.maps.has("rings"), bpf.maps.has("first")], [false, true]);
    const message = "Cannot fill slot 0 of map rings: there is no map first among what was loaded";
    await assert.rejects(without("first"), { code: "NOT_FOUND", message });
  });

  it("are none of the embedded engine's, and no variables", async () => {
    await assert.rejects(open({ engine: "embedded" }), { code: "NOT_SUPPORTED", message: /map newer with load/ });
    await assert.rejects(open({ maps: { ".rodata": { load: false } } }), TypeError);
  });
});
