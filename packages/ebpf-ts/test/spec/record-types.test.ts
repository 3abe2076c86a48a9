import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { mapKind } from "../../src/kinds/map-kinds.ts";
import { parse, recordOf, sayRecords } from "../../src/spec/index.ts";
import { compile, type CompileOptions, compilerOrSkip, hasCompiler } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";

const tools = readdirSync(fixturePath("record-types"))
  .filter((name) => name.endsWith(".c"))
  .map((name) => ({ name, path: fixturePath(`record-types/${name}`) }));

/** The answers that stand in a tool's source, by ring: `struct event: reserve exact`. */
function answers(path: string): Map<string, string> {
  const lines = [...readFileSync(path, "utf8").matchAll(/^\/\/ expect: (\w+) = (.*)$/gm)];
  return new Map(lines.map(([, ring, answer]) => [ring!, answer!]));
}

/** What is found, in the same words, of every ring and perf event array. */
function found(path: string, options: CompileOptions): Map<string, string> {
  const spec = parse(compile(path, options));
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  const told = rings.map((map): [string, string] => {
    const { btf, variants, told: by } = recordOf(spec, map);
    const names = variants.map(({ type }) => btf?.nameOf(type)).join(" | ");
    const [first] = variants;
    if (first === undefined) return [map.name, "bytes"];
    return [map.name, `${names}: ${by === undefined ? `${first.by} ${first.certainty}` : `told by ${by}`}`];
  });
  assert.deepEqual(spec.findings, []);
  return new Map(told);
}

const compilers: [name: string, options: CompileOptions][] = [
  ["clang-19", {}],
  ["clang-19, DWARF 4", { flags: ["-gdwarf-4"] }],
  ...["clang-14", "clang-16"].filter(hasCompiler).map((compiler): [string, CompileOptions] => [compiler, { compiler }]),
];

for (const [name, options] of compilers) {
  describe(`records of small tools find their type: ${name}`, { skip: compilerOrSkip() }, () => {
    for (const tool of tools) {
      test(tool.name, () => {
        assert.deepEqual(found(tool.path, options), answers(tool.path));
      });
    }
  });
}

describe("why", { skip: compilerOrSkip() }, () => {
  const whys = (name: string): Map<string, string> => {
    const spec = parse(compile(fixturePath(`record-types/${name}`)));
    return new Map(spec.maps.map((map) => [map.name, recordOf(spec, map).why]));
  };

  test("says by way of which map of maps a ring is written", () => {
    assert.match(whys("map-in-map.c").get("inner")!, /^reserved by handle, instruction \d+ \(through outer\)$/);
    const maybe = whys("maybe-inner.c");
    const through = String.raw`reserved by by_lookup, instruction \d+ \(through rings, where it may be put\)`;
    assert.match(maybe.get("quiet")!, new RegExp(`^${through}$`));
    assert.match(maybe.get("mixed")!, new RegExp(`^told apart by size: struct event, .*; struct other, ${through}$`));
    const place = String.raw`bytes, instruction \d+ \(through open, where it may be put\)`;
    const untold = new RegExp(`^not known: nothing tells what ${place} writes, beside struct event`);
    assert.match(whys("untold-inner.c").get("events")!, untold);
  });
});

describe("without debug information", { skip: compilerOrSkip() }, () => {
  test("what BTF proves is typed, and nothing is typed wrongly", () => {
    const typed: string[] = [];
    for (const { name, path } of tools) {
      const expected = answers(path);
      for (const [ring, told] of found(path, { strip: true })) {
        if (told === "bytes") continue;
        assert.equal(told, expected.get(ring), `${name}: ${ring}`);
        typed.push(name);
      }
    }
    assert.deepEqual([...new Set(typed)].sort(), [
      "array-of-events.c",
      "flexible.c",
      "global.c",
      "lookup-wrapper.c",
      "number-unnamed.c",
      "scratch.c",
      "several-rings.c",
      "typed-emit.c",
    ]);
  });
});

describe("a type that a user names", () => {
  const spec = parse(readFileSync(fixturePath("tracepoint.bpf.o")));

  test("is refused where it is larger than all that the programs write", () => {
    assert.throws(() => sayRecords(spec, { events: "opened" }), {
      code: "BAD_VALUE",
      message:
        /^Cannot decode records of events as struct opened: it takes 272 bytes, and they have 96 \(\w+, instruction \d+\)$/,
    });
    const types = spec.btf!;
    assert.throws(() => sayRecords(spec, { events: { type: "opened", types } }), { code: "BAD_VALUE" });
  });

  test("may be smaller, a function, or one of records of several sizes, or of none that is known", () => {
    for (const choices of [{ paths: "event" }, { events: "event" }, { events: () => 5 }]) sayRecords(spec, choices);
    const writers = parse(readFileSync(fixturePath("short-record.bpf.o")));
    sayRecords(writers, { events: "event" });
  });
});
