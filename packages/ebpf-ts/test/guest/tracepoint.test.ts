import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setVariable } from "../../src/spec/set-variable.ts";
import { asU64, loadFixture } from "../kernel/kernel-fixture.ts";

/** Of kill(2) on x86-64. */
const killNumber = 62;
const counters = ["by_tracepoint", "by_raw_tracepoint", "by_tp_btf"];

/** Attaches one program of kernel-attach.bpf.c, calls kill(2) five times, and gives what its counter says then. */
async function countCalls(program: string, counter: string): Promise<bigint> {
  const collection = await loadFixture("kernel-attach", {
    edit: (spec) => {
      setVariable(spec, "process", process.pid);
      setVariable(spec, "kill_number", killNumber);
      for (const each of spec.programs) each.autoload = each.name === program;
    },
  });
  await collection.programs.get(program)!.attach();
  for (let turn = 0; turn < 5; turn++) process.kill(process.pid, 0);
  const bss = collection.maps.get(".bss")!.lookup(new Uint8Array(4))!;
  await collection.close();
  return asU64(bss.subarray(counters.indexOf(counter) * 8))!;
}

describe("tracepoint", () => {
  it("runs for each call of kill(2)", async () => {
    assert.equal(await countCalls("on_tracepoint", "by_tracepoint"), 5n);
  });

  it("runs for each call of kill(2), by raw_tp", async () => {
    assert.equal(await countCalls("on_raw_tracepoint", "by_raw_tracepoint"), 5n);
  });

  it("runs for each call of kill(2), by tp_btf", async () => {
    assert.equal(await countCalls("on_tp_btf", "by_tp_btf"), 5n);
  });
});
