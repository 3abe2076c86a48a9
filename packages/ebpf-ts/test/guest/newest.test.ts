import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { unlinkat } from "./support/calls.ts";

async function watch(name: string, use: (count: (variable: string) => unknown) => Promise<void>): Promise<void> {
  const variables = { target: process.pid };
  await using bpf = await load(fixturePath("newest.bpf.o"), { engine: "kernel", only: [name], variables });
  await bpf.attach();
  await use((variable) => bpf.variable(variable).get());
}

describe("fsession", { skip: linuxOrSkip("7.0") }, () => {
  it("sees where a function begins, and where it returns", () =>
    watch("on_session", async (count) => {
      await using calling = await load(fixturePath("kernel-functions.bpf.o"), {
        engine: "kernel",
        only: ["on_sleepable_fentry"],
      });
      await calling.program("on_sleepable_fentry").run();
      assert.equal(count("sessions"), 2n);
    }));
});

describe("tracepoints", { skip: linuxOrSkip("7.2") }, () => {
  const sections = { on_tracepoint: "tp.s", on_raw_tracepoint: "raw_tp.s", on_typed_tracepoint: "tp_btf.s" };
  for (const [name, section] of Object.entries(sections)) {
    it(`have programs that sleep (${section})`, () =>
      watch(name, async (count) => {
        for (let call = 0; call < 3; call += 1) unlinkat("/nowhere/at/all");
        assert.deepEqual([count("calls"), count("copied")], [3n, 3n]);
      }));
  }
});
