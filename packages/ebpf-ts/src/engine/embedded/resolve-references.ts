import { EbpfError, NotSupportedError } from "../../errors.ts";
import { CALL, CallKind, ImmKind } from "../../insn/opcodes.ts";
import type { Instruction } from "../../insn/instruction.ts";
import type { LinkedProgram, Reference } from "../../spec/types.ts";
import type { MachineMapImage } from "./contracts.ts";
import { mapHandle } from "./map-handle.ts";

/** Writes into a program's code what its references stand for on this engine: map handles and addresses of values. */
export function resolveReferences(linked: LinkedProgram, maps: readonly MachineMapImage[]): void {
  for (const reference of linked.references) {
    if (reference.kind === "extern") resolveExtern(linked, reference);
    else if (reference.kind === "map" || reference.kind === "map-value") resolveMap(linked, reference, maps);
  }
}

function resolveMap(
  linked: LinkedProgram,
  reference: Reference & { kind: "map" | "map-value" },
  maps: readonly MachineMapImage[],
): void {
  const index = maps.findIndex((map) => map.name === reference.map);
  const map = maps[index];
  if (map === undefined) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot load program ${linked.name}: it uses map ${reference.map}, which the spec does not have`,
    );
  }
  if (reference.kind === "map") {
    setImmediate64(linked, reference.slot, mapHandle(index));
    return;
  }
  if (!(reference.offset >= 0 && reference.offset < map.valueSize)) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot load program ${linked.name}: it uses offset ${reference.offset} of ${map.name}, which has ${map.valueSize} bytes`,
    );
  }
  setImmediate64(linked, reference.slot, BigInt(map.address + reference.offset));
}

/** A weak symbol that is not there is NULL; the program is to ask before it uses it, or calls it. */
function resolveExtern(linked: LinkedProgram, { slot, name, weak }: Reference & { kind: "extern" }): void {
  if (!weak) {
    throw new NotSupportedError(
      name,
      `Cannot load program ${linked.name}: it needs ${name} of the kernel (an extern), which the embedded engine does not have; use the kernel engine`,
    );
  }
  if (instructionAt(linked, slot).opcode === CALL) instructionAt(linked, slot).src = CallKind.KFUNC;
  else setImmediate64(linked, slot, 0n);
}

function setImmediate64(linked: LinkedProgram, slot: number, value: bigint): void {
  const low = instructionAt(linked, slot);
  low.src = ImmKind.VALUE;
  low.imm = Number(BigInt.asIntN(32, value));
  instructionAt(linked, slot + 1).imm = Number(BigInt.asIntN(32, value >> 32n));
}

function instructionAt(linked: LinkedProgram, slot: number): Instruction {
  const instruction = linked.instructions[slot];
  if (instruction === undefined) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot load program ${linked.name}: a reference stands at slot ${slot}, which it does not have`,
    );
  }
  return instruction;
}
