import type { Instruction } from "../../insn/instruction.ts";
import { CALL } from "../../insn/opcodes.ts";
import { poisonHelper } from "./poison-helper.ts";

/** What a relocation decided, for {@link patchInstruction}. */
export interface Patch {
  readonly was: bigint;
  readonly becomes: bigint;
  /** Whether the instruction must hold `was` now. */
  readonly check: boolean;
  /** Width of the field on either side, where it may change that of a load or store. */
  readonly wasSize: number;
  readonly becomesSize: number;
  /** Whether another width would read the same value: pointers and unsigned integers, as loads extend with zeros. */
  readonly resizable: boolean;
}

const loadImmediate64 = 0x18;
const sizeCodes: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const classLoad = 0;
const classLoadMemory = 1;
const classStore = 2;
const classStoreMemory = 3;
const classAlu32 = 4;
const classAlu64 = 7;

/** Makes the instruction invalid: it asks for what the target does not have, and must not be reached. */
export function poisonInstruction(instructions: Instruction[], slot: number): void {
  const wide = instructions[slot]!.opcode === loadImmediate64;
  for (const at of wide ? [slot, slot + 1] : [slot]) {
    const instruction = instructions[at];
    if (instruction !== undefined)
      Object.assign(instruction, { opcode: CALL, dst: 0, src: 0, offset: 0, imm: poisonHelper });
  }
}

/** Whether {@link poisonInstruction} was here. */
export function isPoisoned({ opcode, imm }: Instruction): boolean {
  return opcode === CALL && imm === poisonHelper;
}

/**
 * Writes the new value into an instruction. Returns what is wrong, or undefined. One that would read something else in the new width is
 * poisoned.
 */
export function patchInstruction(instructions: Instruction[], slot: number, patch: Patch): string | undefined {
  const instruction = instructions[slot]!;
  switch (instruction.opcode & 7) {
    case classAlu32:
    case classAlu64:
      return patchImmediate(instruction, patch);
    case classLoadMemory:
    case classStore:
    case classStoreMemory:
      return patchMemory(instructions, slot, patch);
    case classLoad:
      return patchImmediate64(instruction, instructions[slot + 1], patch);
    default:
      return `opcode 0x${instruction.opcode.toString(16)} takes no such value`;
  }
}

function patchImmediate(instruction: Instruction, patch: Patch): string | undefined {
  if (instruction.opcode & 8) return "it has no immediate value";
  if (patch.check && BigInt(instruction.imm) !== BigInt.asIntN(64, patch.was))
    return mismatch(instruction.imm, patch.was);
  if (!fits(instruction, patch.becomes)) return `the value ${patch.becomes} does not fit its 32 bits`;
  instruction.imm = Number(BigInt.asIntN(32, patch.becomes));
  return undefined;
}

/** An operation on 64 bits extends its immediate with the sign, one on 32 bits takes it as it is. */
function fits({ opcode }: Instruction, value: bigint): boolean {
  const wide = (opcode & 7) === classAlu64;
  const signed = BigInt.asIntN(64, value);
  return signed >= -(2n ** 31n) && signed < (wide ? 2n ** 31n : 2n ** 32n);
}

function patchMemory(instructions: Instruction[], slot: number, patch: Patch): string | undefined {
  const instruction = instructions[slot]!;
  if (patch.check && BigInt(instruction.offset) !== patch.was) return mismatch(instruction.offset, patch.was);
  if (patch.becomes > 32767n) return `the offset ${patch.becomes} does not fit it`;
  const resize = patch.wasSize !== patch.becomesSize;
  if (resize && !patch.resizable) {
    poisonInstruction(instructions, slot);
    return undefined;
  }
  if (resize) {
    if ((instruction.opcode & 0x18) !== sizeCodes[patch.wasSize]) return `it does not access ${patch.wasSize} bytes`;
    const code = sizeCodes[patch.becomesSize];
    if (code === undefined) return `the target's field has ${patch.becomesSize} bytes, which no instruction accesses`;
    instruction.opcode = (instruction.opcode & ~0x18) | code;
  }
  instruction.offset = Number(patch.becomes);
  return undefined;
}

function patchImmediate64(first: Instruction, second: Instruction | undefined, patch: Patch): string | undefined {
  const plain = first.opcode === loadImmediate64 && first.src === 0 && first.offset === 0;
  if (
    !plain ||
    second === undefined ||
    second.opcode !== 0 ||
    second.dst !== 0 ||
    second.src !== 0 ||
    second.offset !== 0
  ) {
    return "it is no plain 64-bit load of an immediate value";
  }
  const value = BigInt.asUintN(32, BigInt(first.imm)) | (BigInt.asUintN(32, BigInt(second.imm)) << 32n);
  if (patch.check && value !== BigInt.asUintN(64, patch.was)) return mismatch(value, patch.was);
  first.imm = Number(BigInt.asIntN(32, patch.becomes));
  second.imm = Number(BigInt.asIntN(32, patch.becomes >> 32n));
  return undefined;
}

function mismatch(value: number | bigint, expected: bigint): string {
  return `it holds ${value}, while the object's types say ${expected}`;
}
