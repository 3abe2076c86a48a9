import { Failures } from "../../../base/failures.ts";
import type { Assembler } from "../../../spec/assembly/assembler.ts";
import { checkLoadable } from "../../../spec/assembly/check-loadable.ts";
import type { CollectionSpec, ProgramSpec } from "../../../spec/types.ts";
import type { KernelExterns } from "./externs/kernel-externs.ts";
import type { KernelTarget } from "./kernel-target.ts";

/** Whether some program needs the running kernel's types for CO-RE. Any function may be reached, so all are asked. */
export function needsKernelTypes({ programs, functions }: CollectionSpec): boolean {
  const loaded = programs.filter(({ autoload }) => autoload);
  return [...loaded, ...functions].some((code) => code.coreRelocations.length > 0);
}

/**
 * Looks at all programs that are to be loaded before anything is made, and throws all that they lack in one error. Gives what each
 * attaches to, as `findTarget` does.
 */
export async function checkPrograms(
  spec: CollectionSpec,
  assembler: Assembler,
  externs: KernelExterns,
  findTarget: (program: ProgramSpec) => Promise<KernelTarget>,
): Promise<Map<ProgramSpec, KernelTarget>> {
  const failures = new Failures();
  checkLoadable(spec, assembler, failures);
  const programs = spec.programs.filter(({ autoload }) => autoload);
  const targets = new Map<ProgramSpec, KernelTarget>();
  for (const program of programs)
    targets.set(program, (await failures.tryAsync(() => findTarget(program))) ?? { typeId: 0 });
  if (hasExterns(spec)) for (const program of programs) addExterns(program, assembler, externs, failures);
  failures.throwAny("load the object");
  return targets;
}

function hasExterns({ programs, functions }: CollectionSpec): boolean {
  return [...programs, ...functions].some(({ references }) => references.some(({ kind }) => kind === "extern"));
}

function addExterns(program: ProgramSpec, assembler: Assembler, externs: KernelExterns, failures: Failures): void {
  for (const { references } of assembler.reach([program])) {
    for (const reference of references) {
      const missing = reference.kind === "extern" ? externs.refusal(program.name, reference) : undefined;
      if (missing !== undefined) failures.add(missing);
    }
  }
}
