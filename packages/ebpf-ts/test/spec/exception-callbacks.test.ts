import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assemble, parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

test("the function that a program's tag names for exceptions comes after all that it calls", () => {
  const spec = parse(readFileSync(fixturePath("exceptions.bpf.o")));
  const { functions, instructions } = assemble(spec, spec.programs[0]!);
  assert.deepEqual(
    functions.map(({ name }) => name),
    ["throws", "on_exception"],
  );
  const [own, callback] = [spec.programs[0]!, spec.functions[0]!];
  assert.equal(instructions.length, own.instructions.length + callback.instructions.length);
});
