import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { Failures } from "../../../base/failures.ts";
import { poisonHelper } from "../../../btf/core/poison-helper.ts";
import { CALL, CallKind } from "../../../insn/opcodes.ts";
import { helperName } from "../../../uapi/helper-names.ts";
import { isGplCompatible, isGplOnly } from "../../../uapi/helpers-gpl.ts";
import { helpers } from "../helpers/index.ts";
import type { MachineProgram } from "../machine/machine-program.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";
import { findReachable } from "./reachable.ts";

/** Why a program cannot have a call. `feature` is what the engine lacks; without one the call is wrong anywhere. */
interface Fault {
  readonly feature?: string;
  readonly why: string;
}

/** Finds the calls that a validated program can reach of helpers and kernel functions which it cannot have: the first of each. */
export function checkCalls(program: MachineProgram, license: string, memory: ProgramMemory, failures: Failures): void {
  const faults = findFaults(program, license);
  if (faults.size === 0) return;
  // Only now: it costs far more than to look at each call.
  const reachable = findReachable(program, memory);
  const told = new Set<string>();
  for (const [slot, fault] of faults) {
    if (!reachable[slot] || told.has(fault.why)) continue;
    told.add(fault.why);
    failures.add(errorOf(program, slot, fault));
  }
}

/** By slot. */
function findFaults(program: MachineProgram, license: string): Map<number, Fault> {
  const faults = new Map<number, Fault>();
  const { opcodes, src, imms } = program;
  for (let slot = 0; slot < opcodes.length; slot++) {
    if (opcodes[slot] !== CALL) continue;
    const fault =
      src[slot] === CallKind.KFUNC
        ? { feature: "kfuncs", why: "the embedded engine has no kernel functions (kfuncs)" }
        : src[slot] === CallKind.HELPER
          ? helperFault(imms[slot]!, program.image.type, license)
          : undefined;
    if (fault !== undefined) faults.set(slot, fault);
  }
  return faults;
}

function helperFault(id: number, programType: number, license: string): Fault | undefined {
  if (id === poisonHelper) {
    const why = "it reaches for a field or type that the embedded engine's kernel types do not have (CO-RE)";
    return { feature: "CO-RE", why };
  }
  const name = helperName(id);
  if (name === undefined) return { why: `there is no helper number ${id}` };
  if (helpers[id] === undefined)
    return { feature: `bpf_${name}`, why: `the embedded engine has no helper bpf_${name} (${id})` };
  if (!isGplOnly(id, programType) || isGplCompatible(license)) return undefined;
  const stated =
    license === ""
      ? 'the object names none: say char LICENSE[] SEC("license") = "GPL"'
      : `the object's is ${JSON.stringify(license)}`;
  return { why: `bpf_${name} is for programs with a GPL-compatible licence only, and ${stated}` };
}

function errorOf(program: MachineProgram, slot: number, { feature, why }: Fault): EbpfError {
  const message = `Cannot load program ${program.image.name}: ${why}, at ${program.placeOf(slot)}`;
  return feature === undefined ? new EbpfError("BAD_INSTRUCTION", message) : new NotSupportedError(feature, message);
}
