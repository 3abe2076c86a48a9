import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { findLossCounters, findSharedLossCounters } from "../../src/spec/loss-counters.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec, MapSpec, VariableSpec } from "../../src/spec/types.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";

const loss = (): CollectionSpec => parse(readFileSync(fixturePath("loss.bpf.o")));

/** With one ring only, and its counters as given. */
function one(edit: (spec: CollectionSpec, counter: VariableSpec, array: MapSpec) => void): CollectionSpec {
  const spec = loss();
  const counter = spec.variables.find(({ name }) => name === "first__lost")!;
  const array = spec.maps.find(({ name }) => name === "second_lost_samples")!;
  spec.maps = spec.maps.filter(({ name }) => name !== "second");
  edit(spec, counter, array);
  return spec;
}

describe("loss counters", () => {
  it("finds what has the ring's name in its own", () => {
    assert.deepEqual(findLossCounters(loss(), "first"), { variables: ["first__lost"], maps: [] });
    assert.deepEqual(findLossCounters(loss(), "second"), { variables: [], maps: ["second_lost_samples"] });
    assert.equal(findLossCounters(loss(), "third"), undefined);
    assert.equal(findSharedLossCounters(loss()), undefined);
  });

  for (const name of [
    "lost",
    "dropped",
    "lost_events",
    "dropped_events",
    "lost_samples",
    "first_dropped",
    "first__dropped",
  ]) {
    it(`the variable ${name}, and an array of that name`, () => {
      const variable = one((_, counter) => (counter.name = name));
      assert.deepEqual(findLossCounters(variable, "first"), { variables: [name], maps: [] });
      const map = one((spec, _, array) => {
        spec.variables = [];
        array.name = name;
      });
      assert.deepEqual(findLossCounters(map, "first"), { variables: [], maps: [name] });
    });
  }

  it("the ring's own counter goes before a general one", () => {
    const spec = one((_, __, array) => (array.name = "lost"));
    assert.deepEqual(findLossCounters(spec, "first"), { variables: ["first__lost"], maps: [] });
  });

  it("a general name tells nothing where there are several rings", () => {
    const spec = loss();
    spec.variables.find(({ name }) => name === "first__lost")!.name = "dropped";
    assert.equal(findLossCounters(spec, "first"), undefined);
    assert.deepEqual(findSharedLossCounters(spec), { variables: ["dropped"], maps: [] });
  });

  it("what cannot be a count is none", () => {
    const other = (edit: Parameters<typeof one>[0]): void =>
      assert.equal(findLossCounters(one(edit), "first"), undefined);
    other((spec, counter) => (counter.type = spec.btf!.find("loss_args")[0]!.id));
    other((_, counter) => (counter.readOnly = true));
    other((_, counter) => (counter.type = 0));
    const array = (edit: (array: MapSpec, spec: CollectionSpec) => void): void =>
      other((spec, _, map) => {
        spec.variables = [];
        map.name = "lost";
        edit(map, spec);
      });
    array((map) => (map.type = MapType.HASH));
    array((map) => (map.maxEntries = 100_000));
    array((map, spec) => (map.valueType = spec.btf!.find("loss_args")[0]!.id));
    array((map) => ([map.valueType, map.valueSize] = [0, 16]));
  });
});
