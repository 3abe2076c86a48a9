import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import { CALL, ImmKind } from "../../../insn/opcodes.ts";
import type { AssembledProgram, Reference } from "../../../spec/types.ts";

/** Descriptor of a map by its name in the spec; undefined when it has none. */
export type FindMap = (name: string) => number | undefined;

/** Fills in what only the host knows: descriptors of maps, and 0 for weak symbols that are not there. Changes the code in place. */
export function resolveReferences(assembled: AssembledProgram, findMap: FindMap): void {
  for (const reference of assembled.references) {
    const low = assembled.instructions[reference.slot];
    const high = assembled.instructions[reference.slot + 1];
    if (low === undefined) throw broken(assembled, reference);
    if (reference.kind === "extern") {
      resolveExtern(assembled, reference, low);
    } else if (reference.kind === "map" || reference.kind === "map-value") {
      if (high === undefined) throw broken(assembled, reference);
      resolveMap(assembled, reference, low, high, findMap);
    }
  }
}

/** BPF_PSEUDO_MAP_FD: descriptor below. BPF_PSEUDO_MAP_VALUE: descriptor below, offset in the value above. */
function resolveMap(
  assembled: AssembledProgram,
  reference: Extract<Reference, { kind: "map" | "map-value" }>,
  low: Instruction,
  high: Instruction,
  findMap: FindMap,
): void {
  const fd = findMap(reference.map);
  if (fd === undefined) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot load program ${assembled.name}: it uses map ${reference.map}, which the spec does not have`,
    );
  }
  low.src = reference.kind === "map" ? ImmKind.MAP_FD : ImmKind.MAP_VALUE;
  low.imm = fd;
  high.imm = reference.kind === "map" ? 0 : reference.offset | 0;
}

type Extern = Extract<Reference, { kind: "extern" }>;

/** Kernel symbols, kernel functions and kernel settings. A weak one reads as 0 where the kernel lacks it. */
function resolveExtern(assembled: AssembledProgram, reference: Extern, low: Instruction): void {
  const missing = missingExtern(assembled.name, reference, low);
  if (missing !== undefined) throw missing;
  low.src = ImmKind.VALUE;
  low.imm = 0;
}

/** Why a program cannot have an extern that `low` uses; undefined if it can. */
export function missingExtern(program: string, { name, weak }: Extern, low: Instruction): EbpfError | undefined {
  const isCall = low.opcode === CALL;
  if (weak && !isCall) return undefined;
  const what = isCall ? "kernel function" : "kernel symbol or setting";
  return new NotSupportedError(
    name,
    `Cannot load program ${program}: it uses the ${what} ${name}, and extern ones (__ksym, __kconfig) are not supported`,
  );
}

function broken(assembled: AssembledProgram, reference: Reference): EbpfError {
  return new EbpfError(
    "BAD_OBJECT",
    `Cannot load program ${assembled.name}: it refers to something at slot ${reference.slot}, where there is no instruction`,
  );
}
