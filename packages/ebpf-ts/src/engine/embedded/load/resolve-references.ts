import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { Failures } from "../../../base/failures.ts";
import { AluOp, CALL, CallKind, ImmKind, InstructionClass } from "../../../insn/opcodes.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import type { FilledKconfig } from "../../../spec/fill-kconfig.ts";
import type { AssembledProgram, ExternReference, Reference } from "../../../spec/types.ts";
import type { MachineMapImage } from "../machine/image.ts";
import { mapHandle } from "../machine/map-handle.ts";

/**
 * Writes into a program's code what its references stand for on this engine: map handles and addresses of values. What is missing is
 * added to `failures`, and stands as 0 then, so that the rest can be looked at.
 */
export function resolveReferences(
  assembled: AssembledProgram,
  maps: readonly MachineMapImage[],
  kconfig: FilledKconfig,
  failures: Failures,
): void {
  for (const reference of assembled.references) {
    if (reference.kind === "extern" && reference.section === ".kconfig")
      resolveSetting(assembled, reference, maps, kconfig, failures);
    else if (reference.kind === "extern") resolveSymbol(assembled, reference, failures);
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

/** Its place in the map `.kconfig`, which has zeros for one that is not there. */
function resolveSetting(
  assembled: AssembledProgram,
  { slot, name, weak }: ExternReference,
  maps: readonly MachineMapImage[],
  { spec, missing }: FilledKconfig,
  failures: Failures,
): void {
  const variable = spec.variables.find((each) => each.name === name && each.extern !== undefined);
  const why = missing.get(name);
  if (variable === undefined || (missing.has(name) && (why !== undefined || !weak))) {
    const hint =
      why ?? "the embedded engine does not have it: declare it __weak, or give it to load() in the option kconfig";
    const message = `Cannot load program ${assembled.name}: it needs the kernel's setting ${name}, and ${hint}`;
    failures.add(new NotSupportedError(name, message));
    setImmediate64(assembled, slot, 0n);
    return;
  }
  const offset = variable.offset + instructionAt(assembled, slot).imm;
  resolveMap(assembled, { slot, kind: "map-value", map: ".kconfig", offset }, maps);
}

/** A weak symbol that is not there is NULL; the program is to ask before it uses it, or calls it. */
function resolveSymbol(assembled: AssembledProgram, { slot, name, weak }: ExternReference, failures: Failures): void {
  const instruction = instructionAt(assembled, slot);
  const isCall = instruction.opcode === CALL;
  if (!weak) {
    failures.add(
      new NotSupportedError(
        name,
        `Cannot load program ${assembled.name}: it needs ${name} of the kernel (an extern), which the embedded engine does not have; use the kernel engine`,
      ),
    );
  }
  if (!isCall) setImmediate64(assembled, slot, 0n);
  else if (weak) instruction.src = CallKind.KFUNC;
  else Object.assign(instruction, returnZero);
}

/** `r0 = 0` */
const returnZero: Instruction = { opcode: InstructionClass.ALU64 | AluOp.MOV, dst: 0, src: 0, offset: 0, imm: 0 };

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
