import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mapImplementations } from "../../src/engine/embedded/maps/map-implementations.gen.ts";
import { mapKind, mapKinds } from "../../src/kinds/map-kinds.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";

describe("map kinds", () => {
  it("has a row for every number of the uapi but UNSPEC", () => {
    const known = new Set<number>(Object.values(MapType));
    known.delete(MapType.UNSPEC);
    assert.deepEqual(new Set(mapKinds.keys()), known);
  });

  it("says which types the embedded engine has", () => {
    const said = [...mapKinds].filter(([, { engines }]) => engines === "both").map(([type]) => type);
    assert.deepEqual(said.sort(), [...mapImplementations.keys()].sort());
  });

  it("gives a ring the noun of its writers; of the others, values without keys and operations have their own, and the rest are maps", () => {
    const nouns = { event: "ring-buf", user: "user-ring-buf", perf: "perf-event-array" };
    for (const { name, ring, noun, key, value, takeSince } of mapKinds.values()) {
      const keyless = takeSince === undefined ? "bloom-filter" : "queue";
      const keyed = value === "ops" ? "struct-ops" : "bpf-map";
      const other = key === "none" && value === "any" ? keyless : keyed;
      assert.equal(noun, ring === undefined ? other : nouns[ring], name);
    }
  });

  it("takes a type that it does not know for keys and values without anything special", () => {
    const { key, value, perCpu, batchSince, noun } = mapKind(9999);
    assert.deepEqual([key, value, perCpu, batchSince, noun], ["any", "any", false, undefined, "bpf-map"]);
  });
});
