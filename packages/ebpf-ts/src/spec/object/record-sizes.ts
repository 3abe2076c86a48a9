import type { Instruction } from "../../insn/instruction.ts";
import { AluOp, CALL, CallKind, InstructionClass, LD_IMM64, Source } from "../../insn/opcodes.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import type { FunctionSpec } from "../types.ts";

/** Helpers that make a record: the registers that hold the map and the record's size. */
const RECORD_HELPERS: ReadonlyMap<number, { readonly map: number; readonly size: number }> = new Map([
  [HelperId.perf_event_output, { map: 2, size: 5 }],
  [HelperId.ringbuf_output, { map: 1, size: 3 }],
  [HelperId.ringbuf_reserve, { map: 1, size: 2 }],
  [HelperId.ringbuf_reserve_dynptr, { map: 1, size: 2 }],
]);

/** How far back the arguments of a call are looked for. clang sets them right before it. */
const LOOK_BACK = 64;

/** The constant sizes of records that functions write, by map. */
export function readRecordSizes(functions: readonly FunctionSpec[]): Map<string, Set<number>> {
  const sizes = new Map<string, Set<number>>();
  for (const fn of functions) {
    const maps = new Map(
      fn.references.flatMap((reference) =>
        reference.kind === "map" ? [[reference.slot, reference.map] as const] : [],
      ),
    );
    fn.instructions.forEach((instruction, slot) => {
      if (instruction.opcode !== CALL || instruction.src !== CallKind.HELPER) return;
      const helper = RECORD_HELPERS.get(instruction.imm);
      if (helper === undefined) return;
      const map = maps.get(lastWrite(fn.instructions, slot, helper.map));
      const size = constantAt(fn.instructions, lastWrite(fn.instructions, slot, helper.size));
      if (map !== undefined && size !== undefined) add(sizes, map, size);
    });
  }
  return sizes;
}

/** The slot of the instruction that gave the register its value, through copies from other registers; -1 when unknown. */
function lastWrite(instructions: readonly Instruction[], before: number, register: number): number {
  let wanted = register;
  for (let slot = before - 1; slot >= Math.max(0, before - LOOK_BACK); slot--) {
    const instruction = instructions[slot] as Instruction;
    // A call leaves r1 to r5 undefined.
    if (instruction.opcode === CALL && wanted <= 5) return -1;
    if (!writes(instruction, wanted)) continue;
    if (!isCopy(instruction)) return slot;
    wanted = instruction.src;
  }
  return -1;
}

function writes(instruction: Instruction, register: number): boolean {
  const kind = instruction.opcode & 7;
  const hasDestination =
    kind === InstructionClass.ALU ||
    kind === InstructionClass.ALU64 ||
    kind === InstructionClass.LDX ||
    instruction.opcode === LD_IMM64;
  return hasDestination && instruction.dst === register;
}

function isCopy(instruction: Instruction): boolean {
  return instruction.opcode === (InstructionClass.ALU64 | AluOp.MOV | Source.X) && instruction.offset === 0;
}

function constantAt(instructions: readonly Instruction[], slot: number): number | undefined {
  const instruction = instructions[slot];
  const isConstant =
    instruction?.opcode === (InstructionClass.ALU64 | AluOp.MOV) ||
    instruction?.opcode === (InstructionClass.ALU | AluOp.MOV);
  return instruction !== undefined && isConstant && instruction.imm > 0 ? instruction.imm : undefined;
}

function add(sizes: Map<string, Set<number>>, map: string, size: number): void {
  const known = sizes.get(map);
  if (known === undefined) sizes.set(map, new Set([size]));
  else known.add(size);
}
