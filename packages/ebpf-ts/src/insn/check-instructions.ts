import { list, type MemberChecks, membersOf } from "../base/check-members.ts";
import { type Check, integer } from "../base/checks.ts";
import type { Instruction } from "./instruction.ts";

const checks: MemberChecks<Instruction> = {
  opcode: integer(0, 0xff),
  dst: integer(0, 15),
  src: integer(0, 15),
  offset: integer(-0x8000, 0x7fff),
  imm: integer(-(2 ** 31), 2 ** 31 - 1),
};

/** An array of instructions, whose fields have room in a slot. */
export const someInstructions: Check = list(membersOf(checks));
