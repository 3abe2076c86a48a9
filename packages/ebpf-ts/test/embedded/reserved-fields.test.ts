import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Instruction } from "../../src/insn/instruction.ts";
import { load } from "../../src/load.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { type Code, exit, movImm, op, specOf } from "./test-machine.ts";

/** Good ones, and by field what makes each of them wrong. r0 and r1 are numbers; r10 - 8 is a number on the stack. */
const forms: readonly (readonly [name: string, good: Instruction, ...wrong: (readonly [string, Instruction])[]])[] = [
  ["add64 imm", op(0x07, 0, 0, 0, 1), ["src", op(0x07, 0, 1, 0, 1)], ["offset", op(0x07, 0, 0, 1, 1)]],
  ["add64 reg", op(0x0f, 0, 1), ["imm", op(0x0f, 0, 1, 0, 1)], ["offset", op(0x0f, 0, 1, 1)]],
  ["or32 imm", op(0x44, 0, 0, 0, 1), ["src", op(0x44, 0, 1, 0, 1)], ["offset", op(0x44, 0, 0, 1, 1)]],
  ["or32 reg", op(0x4c, 0, 1), ["imm", op(0x4c, 0, 1, 0, 1)], ["offset", op(0x4c, 0, 1, 1)]],
  ["div64 imm", op(0x37, 0, 0, 0, 2), ["src", op(0x37, 0, 1, 0, 2)], ["offset", op(0x37, 0, 0, 2, 2)]],
  ["div64 reg", op(0x3f, 0, 1), ["imm", op(0x3f, 0, 1, 0, 1)], ["offset", op(0x3f, 0, 1, 2)]],
  ["mov64 imm", movImm(0, 1), ["src", op(0xb7, 0, 1, 0, 1)], ["offset", op(0xb7, 0, 0, 8, 1)]],
  ["mov64 reg", op(0xbf, 0, 1), ["imm", op(0xbf, 0, 1, 0, 1)], ["offset", op(0xbf, 0, 1, 7)]],
  ["mov32 imm", op(0xb4, 0, 0, 0, 1), ["src", op(0xb4, 0, 1, 0, 1)], ["offset", op(0xb4, 0, 0, 8, 1)]],
  ["mov32 reg", op(0xbc, 0, 1), ["imm", op(0xbc, 0, 1, 0, 1)], ["offset", op(0xbc, 0, 1, 32)]],
  ["neg64", op(0x87), ["src", op(0x87, 0, 1)], ["offset", op(0x87, 0, 0, 1)], ["imm", op(0x87, 0, 0, 0, 1)]],
  ["neg32", op(0x84), ["src", op(0x84, 0, 1)], ["offset", op(0x84, 0, 0, 1)], ["imm", op(0x84, 0, 0, 0, 1)]],
  ["to le", op(0xd4, 0, 0, 0, 16), ["src", op(0xd4, 0, 1, 0, 16)], ["offset", op(0xd4, 0, 0, 1, 16)]],
  ["bswap", op(0xd7, 0, 0, 0, 16), ["src", op(0xd7, 0, 1, 0, 16)], ["offset", op(0xd7, 0, 0, 1, 16)]],
  ["load", op(0x79, 0, 10, -8), ["imm", op(0x79, 0, 10, -8, 1)]],
  ["signed load", op(0x81, 0, 10, -8), ["imm", op(0x81, 0, 10, -8, 1)]],
  ["store reg", op(0x7b, 10, 1, -8), ["imm", op(0x7b, 10, 1, -8, 1)]],
  ["store imm", op(0x7a, 10, 0, -8, 1), ["src", op(0x7a, 10, 1, -8, 1)]],
  ["jump", op(0x05), ["dst", op(0x05, 1)], ["src", op(0x05, 0, 1)], ["imm", op(0x05, 0, 0, 0, 1)]],
  ["long jump", op(0x06), ["dst", op(0x06, 1)], ["src", op(0x06, 0, 1)], ["offset", op(0x06, 0, 0, 1)]],
  ["jeq imm", op(0x15, 0, 0, 0, 1), ["src", op(0x15, 0, 1, 0, 1)]],
  ["jeq reg", op(0x1d, 0, 1), ["imm", op(0x1d, 0, 1, 0, 1)]],
  ["jeq32 imm", op(0x16, 0, 0, 0, 1), ["src", op(0x16, 0, 1, 0, 1)]],
  ["jeq32 reg", op(0x1e, 0, 1), ["imm", op(0x1e, 0, 1, 0, 1)]],
  ["helper call", op(0x85, 0, 0, 0, 5), ["dst", op(0x85, 1, 0, 0, 5)], ["offset", op(0x85, 0, 0, 1, 5)]],
  ["exit", exit, ["dst", op(0x95, 1)], ["src", op(0x95, 0, 1)], ["imm", op(0x95, 0, 0, 0, 1)]],
];

const wide: readonly Instruction[] = [op(0x18, 0, 0, 0, 1), op(0)];
const wrongWide: readonly (readonly [string, readonly Instruction[]])[] = [
  ["offset", [op(0x18, 0, 0, 1, 1), op(0)]],
  ["second dst", [op(0x18, 0, 0, 0, 1), op(0, 1)]],
  ["second src", [op(0x18, 0, 0, 0, 1), op(0, 0, 1)]],
  ["second offset", [op(0x18, 0, 0, 0, 1), op(0, 0, 0, 1)]],
];

function programOf(tested: readonly Instruction[]): Code[] {
  return [movImm(0, 1), movImm(1, 1), op(0x7b, 10, 1, -8), ...tested, movImm(0, 0), exit];
}

/** As an engine takes it: `exit` stands where no code comes after it. */
function specWith(tested: readonly Instruction[]): ReturnType<typeof specOf> {
  const code = programOf(tested);
  const isExit = tested[0]!.opcode === exit.opcode;
  return specOf([], [{ name: "tested" }], isExit ? code.slice(0, -2) : code);
}

const all = [
  ...forms.flatMap(([name, good, ...wrong]) =>
    wrong.map(([field, bad]) => ({ name, field, good: [good], bad: [bad] })),
  ),
  ...wrongWide.map(([field, bad]) => ({ name: "wide load", field, good: wide, bad })),
];

for (const engine of ["embedded", "kernel"] as const) {
  describe(`reserved fields of instructions, ${engine}`, { skip: engine === "kernel" && kernelOrSkip() }, () => {
    for (const { name, field, good, bad } of all) {
      it(`${name}: ${field}`, async () => {
        await using bpf = await load(specWith(good), { engine });
        assert.equal(bpf.engine, engine);
        const code = engine === "kernel" ? "VERIFIER" : "BAD_INSTRUCTION";
        await assert.rejects(load(specWith(bad), { engine }), { code });
      });
    }
  });
}

it("there are 45 malformed forms and more", () => assert.ok(all.length >= 45, String(all.length)));
