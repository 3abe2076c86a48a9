import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { entryOf, type FoundPart, parse } from "../../src/spec/index.ts";
import { compile, type CompileOptions, compilerOrSkip, hasCompiler } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";

const tools = readdirSync(fixturePath("entry-types"))
  .filter((name) => name.endsWith(".c"))
  .map((name) => ({ name, path: fixturePath(`entry-types/${name}`) }));

/** The answers that stand in a tool's source, by half: `stats.key` → `__u32: programs`. */
function answers(path: string): Map<string, string> {
  const lines = [...readFileSync(path, "utf8").matchAll(/^\/\/ expect: ([\w.]+) = (.*)$/gm)];
  return new Map(lines.map(([, half, answer]) => [half!, answer!]));
}

/** What is found, in the same words, of everything that a definition gives the size of alone. */
function found(path: string, options: CompileOptions): Map<string, string> {
  const spec = parse(compile(path, options));
  const told = spec.maps.flatMap((map) => {
    const { btf, key, value } = entryOf(spec, map);
    const halves: [string, FoundPart][] = [
      ["key", key],
      ["value", value],
    ];
    return halves
      .filter(([, { by }]) => by === "programs" || by === "nothing")
      .map(([half, { type, by }]): [string, string] => [
        `${map.name}.${half}`,
        type === 0 ? "bytes" : `${btf!.nameOf(type)}: ${by}`,
      ]);
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
  describe(`keys and values of small tools find their type: ${name}`, { skip: compilerOrSkip() }, () => {
    for (const tool of tools) {
      test(tool.name, () => {
        assert.deepEqual(sorted(found(tool.path, options)), sorted(answers(tool.path)));
      });
    }
  });
}

describe("keys and values without debug information", { skip: compilerOrSkip() }, () => {
  test("what BTF proves is typed, and nothing is typed wrongly", () => {
    const typed: string[] = [];
    for (const { name, path } of tools) {
      const expected = answers(path);
      for (const [half, told] of found(path, { strip: true })) {
        if (told === "bytes") continue;
        assert.equal(told, expected.get(half), `${name}: ${half}`);
        typed.push(name);
      }
    }
    assert.deepEqual([...new Set(typed)].sort(), ["from-btf.c", "parameter.c"]);
  });

  test("the reason says what would tell", () => {
    const spec = parse(compile(fixturePath("entry-types/sized.c"), { strip: true }));
    const { key } = entryOf(spec, spec.maps[0]!);
    assert.match(
      key.why,
      /^not known: nothing tells what \w+, instruction \d+ passes; the object has no debug information/,
    );
  });
});

describe("keys and values of a spec that was changed", { skip: compilerOrSkip() }, () => {
  const spec = parse(compile(fixturePath("entry-types/sized.c")));
  const [map] = spec.maps;

  test("another size than that of the type that was found: bytes", () => {
    assert.equal(entryOf(spec, { ...map!, valueSize: 24 }).value.type, 0);
    assert.match(entryOf(spec, { ...map!, valueSize: 24 }).value.why, /the size was changed/);
  });

  test("a type that somebody has given is that of the definition", () => {
    const { key } = entryOf(spec, map!);
    const { by, type } = entryOf(spec, { ...map!, keyType: 1 }).key;
    assert.equal(key.by, "programs");
    assert.deepEqual({ by, type }, { by: "definition", type: 1 });
  });
});

function sorted(told: ReadonlyMap<string, string>): [string, string][] {
  return [...told].sort(([a], [b]) => (a < b ? -1 : 1));
}
