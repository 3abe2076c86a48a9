import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { load } from "../../src/index.ts";
import { fixturePath } from "../support/fixtures.ts";

it("an object that was compiled without -O2 is told to be", async () => {
  const object = readFileSync(fixturePath("bad/not-optimised.bpf.o"));
  await assert.rejects(load(object, { engine: "embedded" }), {
    code: "NOT_SUPPORTED",
    message: /Cannot load program run: it calls through a register, as clang .*: compile it with -O2/,
  });
});
