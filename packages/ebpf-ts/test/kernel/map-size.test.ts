import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/index.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { readSpec } from "./kernel-fixture.ts";

describe("kernel: a map without a size", { skip: kernelOrSkip() }, () => {
  for (const [object, map, counts] of [
    ["kernel-maps", undefined, "entries"],
    ["ring", "events", "bytes"],
  ] as const) {
    it(`is refused, and says how it is given one (${counts})`, async () => {
      const spec = readSpec(object);
      for (const map of spec.maps) map.pinning = "none";
      await using bpf = await load(spec, { engine: "kernel" });
      const name = map ?? bpf.spec.maps.find(({ section }) => section === undefined)!.name;
      await assert.rejects(load(spec, { engine: "kernel", maps: { [name]: { maxEntries: 0 } } }), {
        code: "BAD_OBJECT",
        message: `Cannot create map ${name}: it has no size, which the object leaves to who loads it: give load() maps: { ${name}: { maxEntries: … } } (${counts})`,
      });
    });
  }
});
