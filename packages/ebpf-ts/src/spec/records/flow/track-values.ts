import type { Instruction } from "../../../insn/instruction.ts";
import {
  AluOp,
  AtomicOp,
  CALL,
  CallKind,
  EXIT,
  InstructionClass,
  JumpOp,
  LD_IMM64,
  Mode,
  Size,
  Source,
} from "../../../insn/opcodes.ts";
import { HelperId } from "../../../uapi/uapi.gen.ts";
import type { FunctionSpec, Reference } from "../../types.ts";
import { Memory } from "./memory.ts";
import {
  argument,
  constant,
  data,
  functionAddress,
  isConstant,
  isPointer,
  isSame,
  join,
  map,
  moved,
} from "./values.ts";
import { result, stack, type Value } from "./values.ts";

/** What is known before an instruction. */
export interface State {
  /** r0 to r10 */
  readonly registers: readonly (Value | undefined)[];
  readonly memory: Memory;
}

/** What is known of a function. */
export interface Flow {
  /** Before the instructions that were asked for, as far as they can be reached. */
  readonly before: ReadonlyMap<number, State>;
  /** What r0 can be at the end. */
  readonly returned: readonly Value[];
  /** Offsets from the top of the frame that the code names. */
  readonly frame: ReadonlySet<number>;
}

const dynptrUsers: ReadonlySet<number> = new Set([HelperId.dynptr_data, HelperId.dynptr_write]);
const FRAME_POINTER = 10;
const LAST_ARGUMENT = 5;
const JA32 = InstructionClass.JMP32 | JumpOp.JA;

/**
 * Follows values through a function along all of its branches. Where two ways meet that disagree, nothing is known. What would take too
 * long is given up: then nothing is known at all.
 */
export function trackValues(fn: FunctionSpec, slots: ReadonlySet<number>): Flow {
  return new Tracker(fn, slots).run();
}

interface Live {
  registers: (Value | undefined)[];
  memory: Memory;
}

class Tracker {
  readonly #code: readonly Instruction[];
  readonly #references: ReadonlyMap<number, Reference>;
  readonly #slots: ReadonlySet<number>;
  readonly #before = new Map<number, State>();
  readonly #returned = new Map<number, Value | undefined>();
  readonly #frame = new Set<number>();
  /** What is known where a branch begins; straight code between needs no copies. */
  readonly #starts = new Map<number, Live>();
  readonly #branches: number[] = [];
  readonly #targets: ReadonlySet<number>;

  constructor(fn: FunctionSpec, slots: ReadonlySet<number>) {
    this.#code = fn.instructions;
    this.#slots = slots;
    this.#references = new Map(fn.references.map((reference) => [reference.slot, reference]));
    this.#targets = new Set(this.#code.flatMap((instruction, slot) => jumpTarget(instruction, slot) ?? []));
  }

  run(): Flow {
    const registers = new Array<Value | undefined>(FRAME_POINTER + 1).fill(undefined);
    for (let register = 1; register <= LAST_ARGUMENT; register++) registers[register] = argument(register);
    registers[FRAME_POINTER] = stack(0);
    this.#enter(0, { registers, memory: new Memory() });
    // Knowledge can only be lost, and there is little of it: no branch of honest code is followed often.
    let left = 10_000 + 100 * this.#code.length;
    for (let slot = this.#branches.pop(); slot !== undefined; slot = this.#branches.pop()) {
      left -= this.#follow(slot);
      if (left < 0) return { before: new Map(), returned: [], frame: new Set() };
    }
    const returned = [...this.#returned.values()].filter((value) => value !== undefined);
    return { before: this.#before, returned, frame: this.#frame };
  }

  /** Gives how many instructions that was. */
  #follow(start: number): number {
    const live = copyOf(this.#starts.get(start)!);
    let steps = 0;
    for (let slot = start; ;) {
      const instruction = this.#code[slot];
      if (instruction === undefined) return steps;
      steps += 1;
      if (this.#slots.has(slot)) this.#before.set(slot, copyOf(live));
      const target = jumpTarget(instruction, slot);
      if (target !== undefined) this.#enter(target, live);
      if (instruction.opcode === EXIT) this.#returned.set(slot, live.registers[0]);
      if (instruction.opcode === EXIT || isAlways(instruction)) return steps;
      this.#step(slot, instruction, live);
      slot += instruction.opcode === LD_IMM64 ? 2 : 1;
      if (!this.#targets.has(slot)) continue;
      this.#enter(slot, live);
      return steps;
    }
  }

  /** Follows it again if less is known than before. */
  #enter(slot: number, live: Live): void {
    const start = this.#starts.get(slot);
    if (start === undefined) {
      this.#starts.set(slot, copyOf(live));
      this.#branches.push(slot);
      return;
    }
    let lost = start.memory.meet(live.memory);
    start.registers.forEach((value, register) => {
      const both = join(value, live.registers[register]);
      lost ||= !isSame(both, value);
      start.registers[register] = both;
    });
    if (lost) this.#branches.push(slot);
  }

  #step(slot: number, instruction: Instruction, live: Live): void {
    const { opcode, dst, src, offset, imm } = instruction;
    const { registers, memory } = live;
    switch (opcode & 7) {
      case InstructionClass.LD:
        if (opcode === LD_IMM64) registers[dst] = this.#wide(slot, instruction);
        else registers.fill(undefined, 0, LAST_ARGUMENT + 1);
        return;
      case InstructionClass.ALU:
      case InstructionClass.ALU64:
        registers[dst] = computed(instruction, registers);
        this.#note(registers[dst]);
        return;
      case InstructionClass.LDX: {
        const address = this.#address(registers[src], offset);
        registers[dst] = (opcode & 0xe0) === Mode.MEM ? memory.load(address, sizeOf(opcode)) : undefined;
        return;
      }
      case InstructionClass.ST:
        memory.store(this.#address(registers[dst], offset), sizeOf(opcode), constant(imm));
        return;
      case InstructionClass.STX: {
        const address = this.#address(registers[dst], offset);
        if ((opcode & 0xe0) === Mode.ATOMIC) this.#atomic(instruction, live, address);
        else memory.store(address, sizeOf(opcode), registers[src]);
        return;
      }
      default:
        if (opcode === CALL) this.#call(slot, instruction, live);
    }
  }

  #call(slot: number, { src, imm }: Instruction, { registers, memory }: Live): void {
    const helper = src === CallKind.HELPER ? imm : 0;
    for (let register = 1; register <= LAST_ARGUMENT; register++) {
      const passed = registers[register];
      // A dynptr stays what it is while it is used.
      if (passed !== undefined && !(register === 1 && dynptrUsers.has(helper))) memory.forget(passed);
    }
    // From then on, the dynptr stands for what was reserved.
    if (helper === HelperId.ringbuf_reserve_dynptr) memory.store(registers[4], 8, result(slot));
    registers.fill(undefined, 0, LAST_ARGUMENT + 1);
    registers[0] = result(slot);
  }

  #atomic({ dst, src, imm }: Instruction, { registers, memory }: Live, address: Value | undefined): void {
    memory.store(address, 8, undefined);
    if ((imm & AtomicOp.FETCH) !== 0) registers[src] = undefined;
    if (imm === AtomicOp.CMPXCHG) registers[0] = undefined;
    if (imm === AtomicOp.LOAD_ACQ) registers[dst] = undefined;
  }

  #address(base: Value | undefined, offset: number): Value | undefined {
    const address = base === undefined || !isPointer(base) ? undefined : moved(base, offset);
    this.#note(address);
    return address;
  }

  #note(value: Value | undefined): void {
    if (value?.kind === "stack" && value.offset < 0) this.#frame.add(value.offset);
  }

  #wide(slot: number, low: Instruction): Value | undefined {
    const reference = this.#references.get(slot);
    switch (reference?.kind) {
      case "map":
        return map(reference.map);
      case "map-value":
        return data(reference.map, reference.offset);
      case "function":
        return functionAddress(reference.function);
      case undefined: {
        const high = this.#code[slot + 1];
        return low.src === 0 && high !== undefined ? constant(high.imm * 2 ** 32 + (low.imm >>> 0)) : undefined;
      }
      default:
        return undefined;
    }
  }
}

function copyOf({ registers, memory }: Live): Live {
  return { registers: registers.slice(), memory: memory.copy() };
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

/** Constants and pointers that are moved, and moved on. */
function computed(
  { opcode, dst, src, offset, imm }: Instruction,
  registers: readonly (Value | undefined)[],
): Value | undefined {
  const isWide = (opcode & 7) === InstructionClass.ALU64;
  const operand = (opcode & Source.X) === 0 ? constant(imm) : registers[src];
  switch (opcode & 0xf0) {
    case AluOp.MOV:
      if (offset !== 0) return undefined;
      if (isWide) return operand;
      return isConstant(operand) ? constant(operand.offset >>> 0) : undefined;
    case AluOp.ADD:
      return isWide ? (sum(registers[dst], operand) ?? sum(operand, registers[dst])) : undefined;
    case AluOp.SUB:
      return isWide && isConstant(operand) ? sum(registers[dst], constant(-operand.offset)) : undefined;
    default:
      return undefined;
  }
}

function sum(base: Value | undefined, added: Value | undefined): Value | undefined {
  if (base === undefined || !isPointer(base)) return undefined;
  return moved(base, isConstant(added) ? added.offset : Number.NaN);
}

function sizeOf(opcode: number): number {
  switch (opcode & 0x18) {
    case Size.B:
      return 1;
    case Size.H:
      return 2;
    case Size.W:
      return 4;
    default:
      return 8;
  }
}
