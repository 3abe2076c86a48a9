import {
  ADDRESS_SPACE_CAST,
  AluOp,
  CallKind,
  InstructionClass,
  JumpOp,
  LD_IMM64,
  Mode,
  Source,
} from "../../../insn/opcodes.ts";
import type { MachineProgram } from "../machine/machine-program.ts";

/**
 * Whether a field is not 0 that means nothing in an instruction, as the kernel's verifier has it ("uses reserved fields"). Of opcodes that do
 * not exist, and of offsets that select a variant of an operation, `validate.ts` says what is wrong.
 */
export function usesReservedFields(program: MachineProgram, slot: number): boolean {
  const opcode = program.opcodes[slot]!;
  const [dst, src, offset, imm] = [program.dst[slot]!, program.src[slot]!, program.offsets[slot]!, program.imms[slot]!];
  const operation = opcode & 0xf0;
  const register = (opcode & Source.X) !== 0;
  switch (opcode & 7) {
    case InstructionClass.LD:
      return opcode === LD_IMM64 && offset !== 0;
    case InstructionClass.LDX:
      return imm !== 0;
    case InstructionClass.ST:
      return src !== 0;
    case InstructionClass.STX:
      return (opcode & 0xe0) !== Mode.ATOMIC && imm !== 0;
    case InstructionClass.ALU:
    case InstructionClass.ALU64:
      if (operation === AluOp.NEG) return src !== 0 || offset !== 0 || imm !== 0;
      if (operation === AluOp.END) return src !== 0;
      // A move between address spaces says in its immediate which.
      if (operation === AluOp.MOV && register && offset === ADDRESS_SPACE_CAST) return false;
      return register ? imm !== 0 : src !== 0;
    default:
      switch (operation) {
        case JumpOp.CALL:
          // A kernel function's offset says in which module it is; calls through a register are not looked at.
          return !register && (dst !== 0 || (src !== CallKind.KFUNC && offset !== 0));
        case JumpOp.EXIT:
          return dst !== 0 || src !== 0 || imm !== 0;
        case JumpOp.JA:
          return dst !== 0 || src !== 0 || ((opcode & 7) === InstructionClass.JMP ? imm : offset) !== 0;
        case JumpOp.JCOND:
          return false;
        default:
          return register ? imm !== 0 : src !== 0;
      }
  }
}
