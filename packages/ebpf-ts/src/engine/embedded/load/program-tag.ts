import { digestBytes } from "../../../base/digest.ts";
import { ImmKind, LD_IMM64 } from "../../../insn/opcodes.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import { encodeInstructions } from "../../../insn/codec.ts";
import type { Reference } from "../../../spec/types.ts";

/**
 * The kernel's program tag (bpf_prog_calc_tag): the first 8 bytes of a digest of the code, with what differs from load to
 * load left out: map descriptors, and offsets in map values. SHA-256 since Linux 6.18, SHA-1 before. Empty where the host
 * has no digests.
 */
export async function programTag(
  instructions: readonly Instruction[],
  references: readonly Reference[],
  algorithm: "SHA-256" | "SHA-1" = "SHA-256",
): Promise<string> {
  const digest = await digestBytes(algorithm, encodeInstructions(withoutMaps(instructions, references)));
  return [...(digest?.subarray(0, 8) ?? [])].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function withoutMaps(instructions: readonly Instruction[], references: readonly Reference[]): Instruction[] {
  const copy = instructions.map((instruction) => ({ ...instruction }));
  for (const { slot, kind } of references) {
    const [low, high] = [copy[slot], copy[slot + 1]];
    if ((kind !== "map" && kind !== "map-value") || low?.opcode !== LD_IMM64 || high === undefined) continue;
    low.src = kind === "map" ? ImmKind.MAP_FD : ImmKind.MAP_VALUE;
    low.imm = high.imm = 0;
  }
  return copy;
}
