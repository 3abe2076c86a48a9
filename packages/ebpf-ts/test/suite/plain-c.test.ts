import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { it } from "node:test";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onEachEngine } from "./fixture.ts";

onEachEngine("an object of plain C, whose types are not all types of BTF", (engine) => {
  it("runs, shows what is sound, and says what is left out", async () => {
    const told: string[] = [];
    const listen = (message: unknown): void => void told.push((message as { finding: string }).finding);
    subscribe("ebpf:finding", listen);
    try {
      await using bpf = await load(fixturePath("spec-plain-c.bpf.o"), { engine });
      assert.deepEqual(bpf.variable("plain").get(), { before: 3, forward: 0n, after: 4 });
      assert.equal((bpf.variable("alone").get() as Uint8Array).length, 16);
      bpf.map("values").set(0, { after: 5 });
      assert.deepEqual(bpf.map("values").get(0), { before: 0, forward: 0n, after: 5 });
      assert.equal((await bpf.program("sum").run({})).returnValue, 12);
      assert.deepEqual(told.slice(0, 5), bpf.spec.findings);
      assert.equal(told.length, engine === "kernel" ? 6 : 5);
    } finally {
      unsubscribe("ebpf:finding", listen);
    }
  });
});
