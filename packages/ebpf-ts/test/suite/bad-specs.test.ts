import assert from "node:assert/strict";
import { it } from "node:test";
import { load as loadEmbedded } from "../../src/embedded.ts";
import { load } from "../../src/index.ts";
import { fixture, onEachEngine } from "./fixture.ts";

onEachEngine("specs that are none", (engine) => {
  it("are refused by name, by both doors", async () => {
    await using loaded = await fixture(engine, "memory");
    const { spec } = loaded.bpf;
    const withContents = [5, "abc", [1, 2], {}, null, new Uint16Array(2)].map((contents) => {
      return { ...spec, maps: spec.maps.map((map) => ({ ...map, contents })) };
    });
    for (const wrong of [{ maps: [] }, { ...spec, maps: [5] }, { ...spec, functions: {} }, ...withContents]) {
      const refused = { name: "TypeError", message: /of the spec must be/ };
      await assert.rejects(load(wrong as never, { engine }), refused);
      await assert.rejects(loadEmbedded(wrong as never), refused);
    }
  });
});
