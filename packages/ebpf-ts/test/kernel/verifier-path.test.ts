/** What is read of the verifier's logs: those of several kernels, and whatever else somebody may give for one. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readVerifierPath, type VerifierPath } from "../../src/engine/kernel/load/verifier-path.ts";

const slots = ({ steps }: VerifierPath): number[] => steps.map(({ slot }) => slot);

describe("the way of the verifier to where it refused a program", () => {
  it("of Linux 5.18 and later, which tells what it learned beside each instruction", () => {
    const log = `func#0 @0
0: R1=ctx() R10=fp0
; long *value = lookup(); @ a.c:3
0: (b7) r2 = 0                        ; R2_w=0
1: (63) *(u32 *)(r10 -4) = r2         ; R2_w=0 R10=fp0 fp-8=0000????
2: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8,off=0,imm=0)
; if (value) @ a.c:4
3: (15) if r0 == 0x0 goto pc+1        ; R0=scalar(smin=0,var_off=(0x0; 0xff))

from 3 to 5: R0_w=0 R10=fp0 fp-8=0000mmmm
; return *value; @ a.c:5
5: (79) r0 = *(u64 *)(r0 +8)
R0 invalid mem access 'scalar'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
    const path = readVerifierPath(log);
    assert.equal(path.reason, "R0 invalid mem access 'scalar'");
    assert.deepEqual(slots(path), [0, 1, 2, 3, 5]);
    const last = path.steps.at(-1)!;
    assert.equal(last.instruction, "(79) r0 = *(u64 *)(r0 +8)");
    assert.equal(last.source, "return *value; @ a.c:5");
    assert.equal(last.cameFrom, 3);
    assert.deepEqual(
      [...last.before],
      [
        ["R0", "0"],
        ["R10", "fp0"],
        ["fp-8", "0000mmmm"],
      ],
    );
    assert.equal(path.steps[3]!.learned.get("R0"), "scalar(smin=0,var_off=(0x0; 0xff))");
    assert.equal(path.steps[1]!.learned.get("fp-8"), "0000????");
    assert.equal(path.steps[0]!.before.get("R1"), "ctx()");
  });

  it("of Linux 5.10, which tells what it knew before each", () => {
    const log = `0: R1=ctx(id=0,off=0,imm=0) R10=fp0
; int f(void *c)
0: (b7) r6 = 0
1: R1=ctx(id=0,off=0,imm=0) R6_w=inv0 R10=fp0
1: (85) call bpf_ktime_get_ns#5
2: R0_w=inv(id=0) R6_w=inv0 R10=fp0; (79) r0 = *(u64 *)(r6 +0)
R6 invalid mem access 'inv'
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`;
    const { steps } = readVerifierPath(log);
    assert.deepEqual(
      steps.map(({ slot, instruction }) => [slot, instruction]),
      [
        [0, "(b7) r6 = 0"],
        [1, "(85) call bpf_ktime_get_ns#5"],
        [2, "(79) r0 = *(u64 *)(r6 +0)"],
      ],
    );
    assert.equal(steps[1]!.before.get("R6"), "inv0");
    assert.equal(steps[2]!.before.get("R0"), "inv(id=0)");
  });

  it("keeps the end of a long way, and says how much it leaves out", () => {
    const lines = Array.from({ length: 5000 }, (_, slot) => `${slot}: (b7) r0 = ${slot}   ; R0_w=${slot}`);
    const { steps, left } = readVerifierPath(`${lines.join("\n")}\nBPF program is too large. Processed 5001 insn`);
    assert.equal(left + steps.length, 5000);
    assert.ok(steps.length <= 2000);
    assert.equal(steps.at(-1)!.slot, 4999);
  });

  it("of nothing is empty", () => {
    assert.deepEqual(readVerifierPath(""), { reason: "", steps: [], left: 0 });
    assert.throws(() => readVerifierPath(5 as never), TypeError);
  });

  const word = fc.constantFrom(
    "R1=",
    "R1_w=",
    "fp-8=",
    "; ",
    "(79) ",
    "from 3 to ",
    "7: ",
    "\n",
    "frame1: ",
    "=",
    "(",
    " ",
  );
  const hostile = fc.array(fc.oneof(word, fc.string({ maxLength: 8, unit: "binary" })), { maxLength: 200 });

  it("reads whatever it is given, in time that grows with its length", () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const { steps, left } = readVerifierPath(parts.join(""));
        assert.ok(left >= 0);
        for (const { slot, instruction, before, learned } of steps) {
          assert.ok(Number.isSafeInteger(slot) && slot >= 0);
          assert.ok(instruction.startsWith("("));
          for (const name of [...before.keys(), ...learned.keys()]) assert.match(name, /^(R\d+|fp-\d+)$/);
        }
      }),
      { numRuns: 500 },
    );
    for (const part of ["7: (79) ", "R1=", "; R1=", "from 3 to ", "7: R1=0; (b7) ", "  "]) {
      assert.equal(readVerifierPath(part.repeat(200_000)).left, 0);
    }
  });
});
