import { InstructionClass, Mode, Size } from "../../../insn/opcodes.ts";
import type { Run } from "../machine/run.ts";

/** LDX: plain (MEM) and sign-extending (MEMSX) loads. */
export function load(run: Run, slot: number): void {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const dst = program.dst[slot]!;
  const size = opcode & 0x18;
  const address = run.address(program.src[slot]!, program.offsets[slot]!);
  run.checkRead(address, bytesOf(size));
  if ((opcode & 0xe0) === Mode.MEMSX) loadSigned(run, dst, size, address);
  else loadUnsigned(run, dst, size, address);
}

function loadUnsigned(run: Run, dst: number, size: number, address: number): void {
  const view = run.memory.view;
  if (size === Size.DW) {
    run.u64[dst] = view.getBigUint64(address, true);
    return;
  }
  run.u32[2 * dst] =
    size === Size.W
      ? view.getUint32(address, true)
      : size === Size.H
        ? view.getUint16(address, true)
        : view.getUint8(address);
  run.u32[2 * dst + 1] = 0;
}

function loadSigned(run: Run, dst: number, size: number, address: number): void {
  const view = run.memory.view;
  const value =
    size === Size.W
      ? view.getInt32(address, true)
      : size === Size.H
        ? view.getInt16(address, true)
        : view.getInt8(address);
  run.s32[2 * dst] = value;
  run.s32[2 * dst + 1] = value < 0 ? -1 : 0;
}

/** ST (an immediate) and STX (a register). */
export function store(run: Run, slot: number): void {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const size = opcode & 0x18;
  const register = (opcode & 7) === InstructionClass.STX;
  const src = program.src[slot]!;
  const address = run.address(program.dst[slot]!, program.offsets[slot]!);
  run.checkWrite(address, bytesOf(size));
  const view = run.memory.view;
  if (size === Size.DW) {
    view.setBigUint64(address, register ? run.u64[src]! : program.imms64[slot]!, true);
    return;
  }
  const value = register ? run.s32[2 * src]! : program.imms[slot]!;
  if (size === Size.W) view.setInt32(address, value, true);
  else if (size === Size.H) view.setInt16(address, value, true);
  else view.setInt8(address, value);
}

export function bytesOf(size: number): number {
  return size === Size.DW ? 8 : size === Size.W ? 4 : size === Size.H ? 2 : 1;
}
