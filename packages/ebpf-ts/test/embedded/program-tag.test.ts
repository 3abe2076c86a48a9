import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { programTag } from "../../src/engine/embedded/load/program-tag.ts";
import { assemble } from "../../src/spec/assembly/assemble.ts";
import { fixture } from "../suite/fixture.ts";
import { kernelOrSkip } from "../support/requirements.ts";

describe("program tags are the kernel's", { skip: kernelOrSkip() }, () => {
  for (const name of ["subprograms", "globals", "loop", "maps", "tail-calls"]) {
    it(name, async () => {
      await using loaded = await fixture("kernel", name);
      await using embedded = await fixture("embedded", name);
      const { spec } = loaded.bpf;
      for (const program of spec.programs) {
        const { tag } = loaded.bpf.program(program.name).info;
        const { instructions, references } = assemble(spec, program);
        const old = await programTag(instructions, references, "SHA-1");
        const own = embedded.bpf.program(program.name).info.tag;
        assert.ok(
          tag === own || tag === old,
          `${program.name}: the kernel says ${tag}, SHA-256 gives ${own}, SHA-1 ${old}`,
        );
      }
    });
  }
});
