import type { Instruction } from "../../insn/instruction.ts";
import { AluOp, AtomicOp, CALL, EXIT, InstructionClass, JumpOp, LD_IMM64, Mode, Source } from "../../insn/opcodes.ts";
import type { FunctionSpec } from "../types.ts";

/** What a register holds: a constant, a map by its name, or undefined for anything else. */
export type Known = number | string | undefined;

const REGISTERS = 11;
/** r0 to r5 are undefined after a call. */
const LAST_SCRATCH = 5;
const JA32 = InstructionClass.JMP32 | JumpOp.JA;

/**
 * Follows constants and maps through a function, along all of its branches, and shows what is known of the registers before each call.
 * Where two ways meet that disagree, nothing is known. A call is shown again when less turns out to be known: the last time counts.
 */
export function trackRegisters(fn: FunctionSpec, onCall: (slot: number, known: readonly Known[]) => void): void {
  new Tracker(fn, onCall).run();
}

class Tracker {
  readonly #code: readonly Instruction[];
  readonly #maps: ReadonlyMap<number, string>;
  readonly #onCall: (slot: number, known: readonly Known[]) => void;
  /** What is known where a branch begins; straight code between needs no copies. */
  readonly #before = new Map<number, Known[]>();
  readonly #branches: number[] = [];
  readonly #targets: ReadonlySet<number>;

  constructor(fn: FunctionSpec, onCall: (slot: number, known: readonly Known[]) => void) {
    this.#code = fn.instructions;
    this.#onCall = onCall;
    this.#maps = new Map(
      fn.references.flatMap((reference) =>
        reference.kind === "map" ? [[reference.slot, reference.map] as const] : [],
      ),
    );
    this.#targets = new Set(this.#code.flatMap((instruction, slot) => jumpTarget(instruction, slot) ?? []));
  }

  /** Each register's knowledge can only be lost, once, so that no branch is followed more than twelve times. */
  run(): void {
    this.#enter(0, new Array<Known>(REGISTERS).fill(undefined));
    for (let slot = this.#branches.pop(); slot !== undefined; slot = this.#branches.pop()) this.#follow(slot);
  }

  #follow(start: number): void {
    const known = this.#before.get(start)!.slice();
    for (let slot = start; ;) {
      const instruction = this.#code[slot];
      if (instruction === undefined) return;
      const target = jumpTarget(instruction, slot);
      if (target !== undefined) this.#enter(target, known);
      if (instruction.opcode === EXIT || isAlways(instruction)) return;
      if (instruction.opcode === CALL) this.#onCall(slot, known);
      this.#step(slot, instruction, known);
      slot += instruction.opcode === LD_IMM64 ? 2 : 1;
      if (!this.#targets.has(slot)) continue;
      this.#enter(slot, known);
      return;
    }
  }

  /** Follows it again if less is known than before. */
  #enter(slot: number, known: readonly Known[]): void {
    const before = this.#before.get(slot);
    const merged = before?.map((value, register) => (value === known[register] ? value : undefined)) ?? known.slice();
    if (before?.every((value, register) => value === merged[register]) === true) return;
    this.#before.set(slot, merged);
    this.#branches.push(slot);
  }

  #step(slot: number, instruction: Instruction, known: Known[]): void {
    const { opcode, dst, src, imm } = instruction;
    switch (opcode & 7) {
      case InstructionClass.LD:
        if (opcode === LD_IMM64) known[dst] = this.#maps.get(slot) ?? constant64(instruction, this.#code[slot + 1]);
        else known.fill(undefined, 0, LAST_SCRATCH + 1);
        return;
      case InstructionClass.ALU:
      case InstructionClass.ALU64:
        known[dst] = moved(instruction, known);
        return;
      case InstructionClass.LDX:
        known[dst] = undefined;
        return;
      case InstructionClass.STX:
        if ((opcode & 0xe0) !== Mode.ATOMIC) return;
        if ((imm & AtomicOp.FETCH) !== 0) known[src] = undefined;
        if (imm === AtomicOp.CMPXCHG) known[0] = undefined;
        if (imm === AtomicOp.LOAD_ACQ) known[dst] = undefined;
        return;
      default:
        if (opcode === CALL) known.fill(undefined, 0, LAST_SCRATCH + 1);
    }
  }
}

/** Where it jumps to, always or not. */
function jumpTarget({ opcode, offset, imm }: Instruction, slot: number): number | undefined {
  const group = opcode & 7;
  if (group !== InstructionClass.JMP && group !== InstructionClass.JMP32) return undefined;
  if (opcode === CALL || opcode === EXIT) return undefined;
  return slot + 1 + (opcode === JA32 ? imm : offset);
}

function isAlways({ opcode }: Instruction): boolean {
  return opcode === (InstructionClass.JMP | JumpOp.JA) || opcode === JA32;
}

function moved({ opcode, src, offset, imm }: Instruction, known: readonly Known[]): Known {
  if ((opcode & 0xf0) !== AluOp.MOV || offset !== 0) return undefined;
  const wide = (opcode & 7) === InstructionClass.ALU64;
  const value = (opcode & Source.X) === 0 ? imm : known[src];
  if (wide || typeof value === "number") return wide ? value : Number(value) >>> 0;
  return undefined;
}

function constant64(low: Instruction, high: Instruction | undefined): Known {
  return low.src === 0 && high !== undefined ? high.imm * 2 ** 32 + (low.imm >>> 0) : undefined;
}
