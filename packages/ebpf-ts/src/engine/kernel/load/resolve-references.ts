import { EbpfError } from "../../../base/errors.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import { CALL, CallKind, ImmKind } from "../../../insn/opcodes.ts";
import type { AssembledProgram, MapSpec, Reference } from "../../../spec/types.ts";
import type { KernelExterns } from "./externs/kernel-externs.ts";

const missingMapBase = 2_001_000_000;
const mostMissing = 1_000_000;

/** The helper that stands where a program uses a map that was not made. */
export function isMissingMap(helper: number): boolean {
  return helper >= missingMapBase && helper < missingMapBase + mostMissing;
}

/** Descriptor of a map by its name in the spec; undefined when it has none. */
export type FindMap = (name: string) => number | undefined;

/** Fills in what only the host knows: descriptors of maps, and what the kernel has of its own (`externs`). Changes the code in place. */
export function resolveReferences(
  assembled: AssembledProgram,
  findMap: FindMap,
  externs?: KernelExterns,
  maps: readonly MapSpec[] = [],
): void {
  const leftOut = new Map(maps.flatMap(({ name, autoload }, index) => (autoload === false ? [[name, index]] : [])));
  for (const reference of assembled.references) {
    const low = assembled.instructions[reference.slot];
    const high = assembled.instructions[reference.slot + 1];
    if (low === undefined) throw broken(assembled, reference);
    if (reference.kind === "extern" && externs === undefined) throw broken(assembled, reference);
    if (reference.kind === "extern" && reference.section === ".ksyms") {
      externs!.putSymbol(reference, low, high);
    } else if (reference.kind === "extern") {
      if (high === undefined) throw broken(assembled, reference);
      const offset = externs!.offsetOf(assembled.name, reference) + low.imm;
      const value = { slot: reference.slot, kind: "map-value", map: reference.section, offset } as const;
      resolveMap(assembled, value, low, high, findMap);
    } else if (reference.kind === "map" || reference.kind === "map-value") {
      if (high === undefined) throw broken(assembled, reference);
      const index = leftOut.get(reference.map);
      if (index === undefined) resolveMap(assembled, reference, low, high, findMap);
      else for (const half of [low, high]) Object.assign(half, callOfMissingMap(index));
    }
  }
}

/** As libbpf has it: a call that the verifier refuses where it can be reached. */
function callOfMissingMap(index: number): Instruction {
  return { opcode: CALL, dst: 0, src: CallKind.HELPER, offset: 0, imm: missingMapBase + index };
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

function broken(assembled: AssembledProgram, reference: Reference): EbpfError {
  return new EbpfError(
    "BAD_OBJECT",
    `Cannot load program ${assembled.name}: it refers to something at slot ${reference.slot}, where there is no instruction`,
  );
}
