import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { load as loadEmbedded } from "../../src/embedded.ts";
import { EbpfError, load } from "../../src/index.ts";
import type { CollectionSpec } from "../../src/spec/index.ts";
import { fixture, onEachEngine } from "./fixture.ts";

onEachEngine("specs that are none", (engine) => {
  it("are refused by name, by both doors", async () => {
    await using loaded = await fixture(engine, "memory");
    const { spec } = loaded.bpf;
    const withContents = [5, "abc", [1, 2], {}, null, new Uint16Array(2)].map((contents) => {
      return { ...spec, maps: spec.maps.map((map) => ({ ...map, contents })) };
    });
    for (const wrong of [{ maps: [] }, { ...spec, maps: [5] }, { ...spec, functions: {} }, ...withContents]) {
      const refused = { name: "TypeError", message: /spec.* must be/ };
      await assert.rejects(load(wrong as never, { engine }), refused);
      await assert.rejects(loadEmbedded(wrong as never), refused);
    }
  });

  it("of which a variable lies outside of its section say so, whoever would write it", async () => {
    const outside = { code: "BAD_OBJECT", message: /^Cannot use variable \w+: it lies outside of its section \.\w+$/ };
    for (const [name, variable, options] of [
      ["externs", "CONFIG_HZ", {}],
      ["memory", "hits", { variables: { hits: 1 } }],
    ] as const) {
      await using loaded = await fixture(engine, name);
      const at = loaded.bpf.spec.variables.findIndex((each) => each.name === variable);
      for (const [member, value] of [
        ["offset", 2 ** 31],
        ["offset", 2 ** 32 - 1],
        ["size", 2 ** 32 - 1],
      ] as const) {
        const spec = copied(loaded.bpf.spec);
        Object.assign(spec.variables[at]!, { [member]: value });
        await assert.rejects(load(spec, { engine, ...options }), outside, `${variable}, ${member}`);
      }
    }
  });

  const tried: [name: string, program: string, runs: number][] = [
    ["memory", "", 300],
    ["externs", "known", 40],
    ["externs", "other", 40],
  ];
  for (const [name, program, numRuns] of tried)
    it(`whatever stands in one of its places, the answer is ours: ${name} ${program}`, async () => {
      await using loaded = await fixture(engine, name);
      const { spec } = loaded.bpf;
      // Of lists, the first is looked at.
      spec.programs.sort((a, b) => Number(b.name === program) - Number(a.name === program));
      const junk = fc.constantFrom<unknown>(
        undefined,
        null,
        NaN,
        -1,
        1.5,
        2 ** 53,
        7n,
        "x",
        true,
        [],
        {},
        [null],
        () => 1,
        Symbol("s"),
      );
      const place = fc.constantFrom(...placesOf(spec));
      await fc.assert(
        fc.asyncProperty(place, junk, async (path, value) => {
          try {
            await using _ = await load(replaced(spec, path, value), { engine });
          } catch (error) {
            assert.ok(isOurs(error), `${path.join(".")}: ${String(error)}`);
          }
        }),
        { numRuns },
      );
    });
});

/** Another, of which variables may be changed. */
function copied(spec: CollectionSpec): CollectionSpec {
  return { ...spec, variables: spec.variables.map((variable) => ({ ...variable })) };
}

/** Ours name what they are about; the runtime's own name its properties and functions. */
function isOurs(error: unknown): boolean {
  if (error instanceof EbpfError) return true;
  return (error instanceof TypeError || error instanceof RangeError) && /spec|object of load/.test(error.message);
}

/** Of every member of the spec, and of the first element of every list in it. */
function placesOf(spec: CollectionSpec): string[][] {
  const below = (value: unknown, path: string[]): string[][] => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || path.at(-1) === "btf")
      return [path];
    const keys = Array.isArray(value) ? (value.length > 0 ? ["0"] : []) : Object.keys(value);
    return [path, ...keys.flatMap((key) => below((value as Record<string, unknown>)[key], [...path, key]))];
  };
  return below(spec, []).slice(1);
}

function replaced(spec: CollectionSpec, path: readonly string[], value: unknown): CollectionSpec {
  const [first, ...rest] = path;
  if (first === undefined) return value as CollectionSpec;
  const inside = (spec as unknown as Record<string, unknown>)[first] as CollectionSpec;
  const changed = replaced(inside, rest, value);
  if (Array.isArray(spec)) return [changed, ...(spec as unknown[]).slice(1)] as unknown as CollectionSpec;
  return { ...spec, [first]: changed };
}
