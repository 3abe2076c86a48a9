import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { CALL, CallKind, ImmKind } from "../../../insn/opcodes.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import type { AssembledProgram, Reference } from "../../../spec/types.ts";
import type { MachineMapImage } from "../machine/contracts.ts";
import { mapHandle } from "../machine/map-handle.ts";

/** Writes into a program's code what its references stand for on this engine: map handles and addresses of values. */
export function resolveReferences(assembled: AssembledProgram, maps: readonly MachineMapImage[]): void {
  for (const reference of assembled.references) {
    if (reference.kind === "extern") resolveExtern(assembled, reference);
    else if (reference.kind === "map" || reference.kind === "map-value") resolveMap(assembled, reference, maps);
  }
}

function resolveMap(
  assembled: AssembledProgram,
  reference: Reference & { kind: "map" | "map-value" },
  maps: readonly MachineMapImage[],
): void {
  const index = maps.findIndex((map) => map.name === reference.map);
  const map = maps[index];
  if (map === undefined) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot load program ${assembled.name}: it uses map ${reference.map}, which the spec does not have`,
    );
  }
  if (reference.kind === "map") {
    setImmediate64(assembled, reference.slot, mapHandle(index));
    return;
  }
  if (!(reference.offset >= 0 && reference.offset < map.valueSize)) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot load program ${assembled.name}: it uses offset ${reference.offset} of ${map.name}, which has ${map.valueSize} bytes`,
    );
  }
  setImmediate64(assembled, reference.slot, BigInt(map.address + reference.offset));
}

/** A weak symbol that is not there is NULL; the program is to ask before it uses it, or calls it. */
function resolveExtern(assembled: AssembledProgram, { slot, name, weak }: Reference & { kind: "extern" }): void {
  if (!weak) {
    throw new NotSupportedError(
      name,
      `Cannot load program ${assembled.name}: it needs ${name} of the kernel (an extern), which the embedded engine does not have; use the kernel engine`,
    );
  }
  if (instructionAt(assembled, slot).opcode === CALL) instructionAt(assembled, slot).src = CallKind.KFUNC;
  else setImmediate64(assembled, slot, 0n);
}

function setImmediate64(assembled: AssembledProgram, slot: number, value: bigint): void {
  const low = instructionAt(assembled, slot);
  low.src = ImmKind.VALUE;
  low.imm = Number(BigInt.asIntN(32, value));
  instructionAt(assembled, slot + 1).imm = Number(BigInt.asIntN(32, value >> 32n));
}

function instructionAt(assembled: AssembledProgram, slot: number): Instruction {
  const instruction = assembled.instructions[slot];
  if (instruction === undefined) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot load program ${assembled.name}: a reference stands at slot ${slot}, which it does not have`,
    );
  }
  return instruction;
}
