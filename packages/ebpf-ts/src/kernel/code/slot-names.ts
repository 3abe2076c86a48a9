import { EbpfError } from "../../base/errors.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { CALL, CallKind, ImmKind, LD_IMM64 } from "../../insn/opcodes.ts";
import { findMap } from "../listing/maps.ts";
import { functionsByDistance } from "./kernel-symbols.ts";
import type { ProgramFunction } from "./code-parts.ts";

/** What the numbers in code that the verifier has left stand for (bpf_insn_prepare_dump in kernel/bpf/syscall.c). */
export function slotNames(
  instructions: readonly Instruction[],
  functions: readonly ProgramFunction[],
): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const calls = new Map<number, number>();
  for (let slot = 0; slot < instructions.length; slot += 1) {
    const { opcode, src, offset, imm } = instructions[slot]!;
    if (opcode === LD_IMM64) {
      const name = mapName(src, imm, instructions[slot + 1]?.imm ?? 0);
      if (name !== undefined) names.set(slot, name);
      slot += 1;
    } else if (opcode === CALL && src === CallKind.LOCAL) {
      // The distance is in the offset, once the subprogram is compiled; before it is in the number.
      const target = functions.find((fn) => fn.slot === slot + 1 + offset || fn.slot === slot + 1 + imm);
      if (target !== undefined) names.set(slot, target.name);
    } else if (opcode === CALL && imm !== 0) {
      calls.set(slot, imm);
    }
  }
  const known = functionsByDistance(new Set(calls.values()));
  for (const [slot, distance] of calls) names.set(slot, known.get(distance) ?? `kernel function ${distance}`);
  return names;
}

function mapName(source: number, id: number, offset: number): string | undefined {
  if (source !== ImmKind.MAP_FD && source !== ImmKind.MAP_VALUE) return undefined;
  const name = nameOf(id) || `id ${id}`;
  return source === ImmKind.MAP_FD ? `map[${name}]` : `map[${name}]+${offset >>> 0}`;
}

/** Maps are not told to who lacks CAP_SYS_ADMIN. */
function nameOf(id: number): string | undefined {
  try {
    return findMap(id)?.name;
  } catch (error) {
    if (error instanceof EbpfError && error.code === "NO_PRIVILEGE") return undefined;
    throw error;
  }
}
