import type { Instruction } from "../../../insn/instruction.ts";
import {
  AluOp,
  CALL,
  EXIT,
  ImmKind,
  InstructionClass,
  JumpOp,
  LD_IMM64,
  Mode,
  Size,
  Source,
} from "../../../insn/opcodes.ts";

const { ALU64, JMP, JMP32, LDX, ST, STX } = InstructionClass;

/** Comparisons that jump, as the register is another than the immediate or the other register, or the same. */
export type Comparison = "!=" | "==";
const comparisons = { "!=": JumpOp.JNE, "==": JumpOp.JEQ } as const;

/** Instructions of our own, one after another, with labels to jump to: forwards only, as the oldest verifiers have it. */
export class CodeBuilder {
  readonly #code: Instruction[] = [];
  readonly #jumps: { readonly at: number; readonly label: string }[] = [];
  readonly #labels = new Map<string, number>();

  copy(to: number, from: number): this {
    return this.#add(ALU64 | AluOp.MOV | Source.X, to, from);
  }

  set(to: number, value: number): this {
    return this.#add(ALU64 | AluOp.MOV | Source.K, to, 0, 0, value);
  }

  addTo(to: number, value: number): this {
    return this.#add(ALU64 | AluOp.ADD | Source.K, to, 0, 0, value);
  }

  shiftRight(to: number, bits: number): this {
    return this.#add(ALU64 | AluOp.RSH | Source.K, to, 0, 0, bits);
  }

  set64(to: number, value: bigint): this {
    const low = Number(BigInt.asIntN(32, value));
    return this.#add(LD_IMM64, to, ImmKind.VALUE, 0, low).#add(0, 0, 0, 0, Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** The address of the value of an array with one (BPF_PSEUDO_MAP_VALUE, Linux 5.2). */
  mapValue(to: number, fd: number): this {
    return this.#add(LD_IMM64, to, ImmKind.MAP_VALUE, 0, fd).#add(0, 0, 0, 0, 0);
  }

  load64(to: number, from: number, offset: number): this {
    return this.#add(LDX | Size.DW | Mode.MEM, to, from, offset);
  }

  load32(to: number, from: number, offset: number): this {
    return this.#add(LDX | Size.W | Mode.MEM, to, from, offset);
  }

  store64(to: number, offset: number, value: number): this {
    return this.#add(ST | Size.DW | Mode.MEM, to, 0, offset, value);
  }

  storeRegister64(to: number, offset: number, from: number): this {
    return this.#add(STX | Size.DW | Mode.MEM, to, from, offset);
  }

  call(helper: number): this {
    return this.#add(CALL, 0, 0, 0, helper);
  }

  /** All 64 bits. The value is sign-extended. */
  jumpIf(register: number, comparison: Comparison, value: number, label: string): this {
    return this.#jump(JMP | comparisons[comparison] | Source.K, register, 0, value, label);
  }

  /** The lower 32 bits. */
  jumpIf32(register: number, comparison: Comparison, value: number, label: string): this {
    return this.#jump(JMP32 | comparisons[comparison] | Source.K, register, 0, value | 0, label);
  }

  jumpIfRegister(register: number, comparison: Comparison, other: number, label: string): this {
    return this.#jump(JMP | comparisons[comparison] | Source.X, register, other, 0, label);
  }

  goTo(label: string): this {
    return this.#jump(JMP | JumpOp.JA | Source.K, 0, 0, 0, label);
  }

  /** `r0 = value; exit` */
  leave(value: number): this {
    return this.set(0, value).exit();
  }

  exit(): this {
    return this.#add(EXIT, 0, 0);
  }

  label(name: string): this {
    this.#labels.set(name, this.#code.length);
    return this;
  }

  finish(): Instruction[] {
    for (const { at, label } of this.#jumps) this.#code[at]!.offset = this.#labels.get(label)! - at - 1;
    return this.#code;
  }

  #jump(opcode: number, dst: number, src: number, imm: number, label: string): this {
    this.#jumps.push({ at: this.#code.length, label });
    return this.#add(opcode, dst, src, 0, imm);
  }

  #add(opcode: number, dst: number, src: number, offset = 0, imm = 0): this {
    this.#code.push({ opcode, dst, src, offset, imm });
    return this;
  }
}
