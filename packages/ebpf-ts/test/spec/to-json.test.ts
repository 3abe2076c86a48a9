import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse, specToJson } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

interface Printed {
  maps: {
    name: string;
    contents?: string | { zeros: number };
    mapExtra: number | string;
    slots: unknown[];
    inner?: { mapExtra: unknown };
  }[];
  programs: { name: string; instructions: string[] }[];
  btf: unknown[];
}

test("every object prints, and prints the same each time", () => {
  for (const name of readdirSync(fixturePath("")).filter(
    (file) => file.endsWith(".bpf.o") && !/builtin|pointers/.test(file),
  )) {
    const bytes = new Uint8Array(readFileSync(fixturePath(name)));
    const text = JSON.stringify(parse(bytes));
    assert.equal(JSON.stringify(parse(bytes)), text, name);
    assert.equal(JSON.stringify(specToJson(parse(bytes))), text, name);
    assert.ok(text.length > 100);
  }
});

test("code is text, bytes are base64, large numbers are kept", () => {
  const spec = parse(new Uint8Array(readFileSync(fixturePath("spec-code.bpf.o"))));
  const [counts] = spec.maps;
  assert.ok(counts);
  counts.mapExtra = 2n ** 60n;
  const printed = JSON.parse(JSON.stringify(spec)) as Printed;
  const program = printed.programs.find(({ name }) => name === "second_program");
  assert.ok(program);
  assert.ok(program.instructions.includes("call weak_function"));
  assert.ok(program.instructions.includes("call 1"));
  assert.equal(printed.maps[0]?.mapExtra, "1152921504606846976");
  const data = printed.maps.find(({ name }) => name === ".data");
  assert.ok(typeof data?.contents === "string");
  assert.deepEqual([...Buffer.from(data.contents, "base64")], [1, 0, 0, 0, 2, 0, 0, 0]);
  assert.deepEqual(printed.maps.find(({ name }) => name === ".bss")?.contents, { zeros: 8 });
});

test("base64 of many bytes is right", () => {
  const spec = parse(new Uint8Array(readFileSync(fixturePath("spec-code.bpf.o"))));
  const map = spec.maps.find(({ name }) => name === ".data");
  assert.ok(map);
  map.contents = Uint8Array.from({ length: 100_001 }, (_, index) => index * 7);
  const printed = JSON.parse(JSON.stringify(map)) as { contents: string };
  assert.equal(printed.contents, Buffer.from(map.contents).toString("base64"));
});

test("the spec stays plain: nothing but its data can be seen in it", () => {
  const spec = parse(new Uint8Array(readFileSync(fixturePath("spec-maps.bpf.o"))));
  assert.deepEqual(Object.keys(spec), ["license", "maps", "programs", "functions", "variables", "btf", "findings"]);
  assert.ok(!Object.keys(spec.maps[0] ?? {}).includes("toJSON"));
});
