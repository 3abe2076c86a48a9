import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { InstructionClass } from "../../src/insn/opcodes.ts";
import { assemble, parse } from "../../src/spec/index.ts";
import type { AssembledProgram } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

const source = fileURLToPath(new URL("../../../test/support/relocate-by-libbpf.c", import.meta.url));
const poison = 195896080;

/** By program and instruction: what was written into it. */
type Outcome = Map<string, bigint | "poison">;

function patchedByLibbpf(judge: string, object: string, types: string): Outcome {
  const { stdout } = spawnSync(judge, [fixturePath(object), fixturePath(types)], { encoding: "utf8" });
  const outcome: Outcome = new Map();
  const line =
    /prog '(\w+)': relo #\d+: (?:substituting insn #(\d+) w\/ invalid insn|patched insn #(\d+) \(\S+\) \w+ -?\d+ -> (\d+))/g;
  for (const [, program, poisoned, patched, value] of stdout.matchAll(line))
    outcome.set(`${program} ${poisoned ?? patched}`, value === undefined ? "poison" : BigInt(value));
  return outcome;
}

function patchedHere(object: string, types: string): Outcome {
  const spec = parse(readFileSync(fixturePath(object)));
  const { btf } = parse(readFileSync(fixturePath(types)));
  assert.ok(btf);
  const outcome: Outcome = new Map();
  for (const program of spec.programs) {
    const assembled = assemble(spec, program, { btf });
    for (const { slot } of program.coreRelocations) outcome.set(`${program.name} ${slot}`, valueAt(assembled, slot));
  }
  return outcome;
}

/** As libbpf's messages have it: unsigned, 64 bits. */
function valueAt({ instructions }: AssembledProgram, slot: number): bigint | "poison" {
  const { opcode, imm, offset } = instructions[slot]!;
  if (imm === poison) return "poison";
  const group = opcode & 7;
  if (group === InstructionClass.LD) return (BigInt(instructions[slot + 1]!.imm >>> 0) << 32n) | BigInt(imm >>> 0);
  const isMemory = group === InstructionClass.LDX || group === InstructionClass.ST || group === InstructionClass.STX;
  return BigInt.asUintN(64, BigInt(isMemory ? offset : imm));
}

const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-core-"));
const judge = join(folder, "judge");

function whyNoJudge(): string | false {
  if (process.getuid?.() !== 0) return "needs root, as libbpf asks the kernel what it can";
  try {
    execFileSync("cc", ["-o", judge, source, "-lbpf", "-lelf", "-lz"], { stdio: "ignore" });
    return false;
  } catch {
    return "needs a C compiler and libbpf";
  }
}

const skip = whyNoJudge();

describe("relocations end as under libbpf", { skip }, () => {
  let theirs: Outcome;
  const ours = patchedHere("core-shapes.bpf.o", "core-shapes-target.bpf.o");
  before(() => {
    theirs = patchedByLibbpf(judge, "core-shapes.bpf.o", "core-shapes-target.bpf.o");
  });
  after(() => rmSync(folder, { recursive: true }));

  test("all of them were judged", () => {
    assert.ok(ours.size > 100);
    assert.deepEqual([...theirs.keys()].sort(), [...ours.keys()].sort());
    assert.ok([...theirs.values()].includes("poison"));
  });

  for (const [place, value] of ours) {
    test(place, () => assert.equal(value, theirs.get(place)));
  }
});
