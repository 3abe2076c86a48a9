import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";

describe("kernel: a map without a size", { skip: kernelOrSkip() }, () => {
  for (const [object, map, counts] of [
    ["kernel-maps", undefined, "entries"],
    ["ring", "events", "bytes"],
  ] as const) {
    it(`is refused, and says how it is given one (${counts})`, async () => {
      const path = fixturePath(`${object}.bpf.o`);
      await using bpf = await load(path, { engine: "kernel" });
      const name = map ?? bpf.spec.maps.find(({ section }) => section === undefined)!.name;
      await assert.rejects(load(path, { engine: "kernel", maps: { [name]: { maxEntries: 0 } } }), {
        code: "BAD_OBJECT",
        message: `Cannot create map ${name}: it has no size, which the object leaves to who loads it: give load() maps: { ${name}: { maxEntries: … } } (${counts})`,
      });
    });
  }
});
