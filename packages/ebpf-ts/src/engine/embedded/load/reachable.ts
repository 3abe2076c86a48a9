import {
  AluOp,
  CALL,
  CallKind,
  EXIT,
  ImmKind,
  InstructionClass,
  JA32,
  JumpOp,
  LD_IMM64,
  Mode,
  Source,
} from "../../../insn/opcodes.ts";
import { arithmetic } from "../interpret/alu64.ts";
import { bytesOf } from "../interpret/load-store.ts";
import { isHolding } from "../interpret/jump.ts";
import type { MachineProgram } from "../machine/machine-program.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";

/** What is known of the registers before an instruction: a constant, or nothing. */
type Known = (bigint | undefined)[];

const registers = 11;

/**
 * Which instructions of a validated program can be reached, as far as constants tell: `if (bpf_core_field_exists(…))` and
 * tests of `const volatile` globals are decided here, as the kernel's verifier decides them. Code that is left out may ask
 * for what the engine does not have.
 */
export function findReachable(program: MachineProgram, memory: ProgramMemory): boolean[] {
  const before: (Known | undefined)[] = new Array(program.opcodes.length).fill(undefined);
  const work: number[] = [];
  const flow = (slot: number, known: Known): void => {
    const merged = merge(before[slot], known);
    if (merged === undefined) return;
    before[slot] = merged;
    work.push(slot);
  };
  flow(0, new Array(registers).fill(undefined));
  for (let slot = work.pop(); slot !== undefined; slot = work.pop()) {
    const known = before[slot]!.slice();
    const called = calledFunction(program, slot);
    if (called !== undefined) flow(called, new Array(registers).fill(undefined));
    step(program, slot, known, memory);
    for (const next of successors(program, slot, known)) flow(next, known);
  }
  return before.map((known) => known !== undefined);
}

/** What holds on both ways to an instruction; undefined when that is no news. */
function merge(old: Known | undefined, known: Known): Known | undefined {
  if (old === undefined) return known.slice();
  const merged = old.map((value, register) => (value === known[register] ? value : undefined));
  return merged.some((value, register) => value !== old[register]) ? merged : undefined;
}

function calledFunction(program: MachineProgram, slot: number): number | undefined {
  const [opcode, src] = [program.opcodes[slot], program.src[slot]];
  const refers = (opcode === CALL && src === CallKind.LOCAL) || (opcode === LD_IMM64 && src === ImmKind.FUNC);
  return refers ? slot + 1 + program.imms[slot]! : undefined;
}

/** Makes `known` what holds after the instruction. Jumps change nothing. */
function step(program: MachineProgram, slot: number, known: Known, memory: ProgramMemory): void {
  const opcode = program.opcodes[slot]!;
  const dst = program.dst[slot]!;
  switch (opcode & 7) {
    case InstructionClass.LD:
      known[dst] = program.imms64[slot]!;
      return;
    case InstructionClass.LDX:
      known[dst] = constantAt(program, slot, known, memory);
      return;
    case InstructionClass.ALU:
    case InstructionClass.ALU64:
      known[dst] = computed(program, slot, known);
      return;
    case InstructionClass.STX:
      if ((opcode & 0xe0) === Mode.ATOMIC) known[0] = known[program.src[slot]!] = undefined;
      return;
    default:
      if (opcode === CALL) known.fill(undefined, 0, 6);
  }
}

/** The value of a read-only global. */
function constantAt(program: MachineProgram, slot: number, known: Known, memory: ProgramMemory): bigint | undefined {
  const opcode = program.opcodes[slot]!;
  const base = known[program.src[slot]!];
  if (base === undefined || (opcode & 0xe0) !== Mode.MEM) return undefined;
  const address = Number(base) + program.offsets[slot]!;
  const size = bytesOf(opcode & 0x18);
  if (!memory.isConstant(address, size)) return undefined;
  let value = 0n;
  for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(memory.bytes[address + byte]!);
  return value;
}

function computed(program: MachineProgram, slot: number, known: Known): bigint | undefined {
  const opcode = program.opcodes[slot]!;
  const operation = opcode & 0xf0;
  const width = (opcode & 7) === InstructionClass.ALU64 ? 64 : 32;
  const a = operation === AluOp.MOV ? 0n : known[program.dst[slot]!];
  const b = (opcode & Source.X) !== 0 ? known[program.src[slot]!] : program.imms64[slot]!;
  // Signed operations, byte swaps and 32-bit shifts are left unknown: nobody guards code with them.
  const shift = operation === AluOp.LSH || operation === AluOp.RSH;
  const plain = program.offsets[slot] === 0 && operation !== AluOp.ARSH && operation !== AluOp.END;
  if (a === undefined || b === undefined || !plain || (shift && width === 32)) return undefined;
  return BigInt.asUintN(width, arithmetic(operation, BigInt.asUintN(width, a), BigInt.asUintN(width, b)));
}

function successors(program: MachineProgram, slot: number, known: Known): number[] {
  const opcode = program.opcodes[slot]!;
  const group = opcode & 7;
  if (opcode === LD_IMM64) return [slot + 2];
  if ((group !== InstructionClass.JMP && group !== InstructionClass.JMP32) || opcode === CALL) return [slot + 1];
  if (opcode === EXIT) return [];
  const target = slot + 1 + (opcode === JA32 ? program.imms[slot]! : program.offsets[slot]!);
  if ((opcode & 0xf0) === JumpOp.JA) return [target];
  const a = known[program.dst[slot]!];
  const b = (opcode & Source.X) !== 0 ? known[program.src[slot]!] : program.imms64[slot]!;
  if (a === undefined || b === undefined) return [slot + 1, target];
  return [isHolding(opcode & 0xf0, a, b, group === InstructionClass.JMP ? 64 : 32) ? target : slot + 1];
}
