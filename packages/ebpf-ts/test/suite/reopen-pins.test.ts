import assert from "node:assert/strict";
import { it } from "node:test";
import { load, openPinnedLink, openPinnedProgram } from "../../src/index.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onKernel } from "./fixture.ts";

onKernel("programs and links reopen from pins", () => {
  it("a program runs, and a link shows what it keeps attached, after their collection has closed", async () => {
    const folder = mountBpffs();
    try {
      const bpf = await load(fixturePath("map-entries.bpf.o"), { engine: "kernel" });
      const landed = bpf.program("landed");
      const link = await landed.attach({ kind: "raw_tracepoint", name: "task_rename" });
      landed.pin(`${folder.path}/program`);
      link.pin(`${folder.path}/link`);
      const { id } = landed.info;
      await bpf.close();

      await using program = await openPinnedProgram(`${folder.path}/program`);
      assert.deepEqual([program.name, program.info.id], ["landed", id]);
      assert.equal((await program.run({ context: new Uint8Array(8) })).returnValue, 42);
      const again = await openPinnedLink(`${folder.path}/link`);
      assert.equal(again.info.programId, id);
      await assert.rejects(openPinnedProgram(`${folder.path}/link`), { code: "NOT_FOUND", message: /something else/ });
      await assert.rejects(openPinnedLink(`${folder.path}/program`), { code: "NOT_FOUND", message: /something else/ });
      await assert.rejects(openPinnedLink(`${folder.path}/nothing`), { code: "NOT_FOUND" });
      await assert.rejects(openPinnedProgram("a\0b"), TypeError);
      again.detach();
      assert.throws(() => again.info, { code: "CLOSED" });
      await assert.rejects(openPinnedLink(`${folder.path}/link`), { code: "NOT_FOUND" });
    } finally {
      folder.unmount();
    }
  });
});
