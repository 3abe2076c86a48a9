import { aName } from "../attach/a-name.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aBoolean, anObject, aString, type Check, integer, wrongKind } from "../base/checks.ts";
import { NotSupportedError } from "../base/errors.ts";
import { matchesGlob } from "../base/glob.ts";
import type { EngineName } from "../engine/engine-name.ts";
import type { EngineProgramOptions } from "../engine/program.ts";
import { findProgramKind } from "../kinds/find-program-kind.ts";
import { Program } from "../program/program.ts";
import { checkProgramName, choosePrograms, type ProgramSelection, selectionChecks } from "../spec/choose-programs.ts";
import type { CollectionSpec, ProgramSpec } from "../spec/types.ts";

/** A function of a program that is loaded: what `SEC("freplace")` replaces, and `SEC("fentry")` and its like may watch. */
export interface ProgramTarget {
  readonly program: Program;
  readonly function: string;
}

/** How one program of an object is loaded and attached. */
export interface ProgramOptions {
  /** Whether it is loaded. By default it is, unless its section begins with a question mark. */
  readonly load?: boolean | undefined;
  /** Whether `attach()` of the collection attaches it; by default it does. */
  readonly attach?: boolean | undefined;
  /**
   * What it attaches to, where the verifier wants to know that at load, in place of what its section says: a function of the kernel or of a
   * module (`vfs_open`, `veth:veth_open`), an LSM hook, an iterator, a tracepoint; or a function of another program (kernel engine).
   */
  readonly target?: string | ProgramTarget | undefined;
  /**
   * What the verifier writes down, for `verifierLog` of the program, also when it lets the program in (kernel engine): 1 what it looks at, 2 the
   * state at each instruction as well, 4 how much it took; sums mean several. 0, the default, is nothing, unless it refuses.
   */
  readonly logLevel?: number | undefined;
}

/** Which programs of an object are loaded, and how. */
export interface ProgramChoice extends ProgramSelection {
  /** By name, or by pattern (`handle_*`, and `?` for one letter): where several hold, the later ones add to the earlier. */
  readonly programs?: Readonly<Record<string, ProgramOptions>> | undefined;
}

const aTarget: Check = (value, what) => {
  if (typeof value === "string") return aName(value, what);
  anObject(value, what);
  const { program, function: name } = value as Partial<ProgramTarget>;
  if (!(program instanceof Program)) throw wrongKind(`The program of ${what}`, "a loaded program", program);
  aString(name, `The function of ${what}`);
};

const checks: Checks<ProgramOptions> = { load: aBoolean, attach: aBoolean, target: aTarget, logLevel: integer(0, 7) };

export const programChecks: Checks<ProgramChoice> = {
  ...selectionChecks,
  programs: (value, what) => {
    anObject(value, what);
    for (const [name, options] of Object.entries(value as object))
      checkOptions(options, checks, `program ${name} of load()`);
  },
};

/** The spec stays as it was given. */
export function withPrograms(spec: CollectionSpec, choice: ProgramChoice): CollectionSpec {
  const { programs: given = {}, only, without } = choice;
  for (const [pattern, { target }] of Object.entries(given)) {
    checkProgramName(spec, pattern);
    if (target !== undefined) checkTaken(spec, pattern);
  }
  const chosen = choosePrograms(spec, { only, without });
  if (Object.keys(given).length === 0) return chosen;
  const programs = chosen.programs.map((program) => {
    const { load = program.autoload, attach = program.autoattach, target } = optionsFor(program.name, choice);
    const named = typeof target === "object" ? target.function : target;
    const attachTo = named !== undefined && takesTarget(program) ? named : program.attachTo;
    return { ...program, autoload: load, autoattach: attach, attachTo };
  });
  return { ...chosen, programs };
}

/** What the verifier has to know of where a program will be. */
function takesTarget({ kind }: ProgramSpec): boolean {
  const row = findProgramKind(kind);
  return row?.kernelType !== undefined || row?.place === "freplace";
}

function checkTaken({ programs }: CollectionSpec, pattern: string): void {
  const meant = programs.filter(({ name }) => matchesGlob(pattern, name));
  if (meant.some(takesTarget)) return;
  const kinds = [...new Set(meant.map(({ kind }) => kind))].join(", ");
  throw new TypeError(
    `The option target of program ${pattern} of load() is for programs that are loaded for one place (fentry, lsm, tp_btf, freplace, …), not for ${kinds}`,
  );
}

/** What the engine is told of programs, by name: of those only that there is something to tell of. */
export function engineProgramOptions(
  spec: CollectionSpec,
  choice: ProgramChoice,
): ReadonlyMap<string, EngineProgramOptions> {
  const told = new Map<string, EngineProgramOptions>();
  for (const { name } of spec.programs) {
    const { target, logLevel } = optionsFor(name, choice);
    const own = typeof target === "object" ? { program: target.program.handle, function: target.function } : undefined;
    if (own !== undefined || logLevel !== undefined) told.set(name, { target: own, logLevel });
  }
  return told;
}

/** The embedded engine attaches to no functions of programs. */
export function refuseOtherPrograms(engine: EngineName, { programs = {} }: ProgramChoice): void {
  const name = Object.keys(programs).find((each) => typeof programs[each]?.target === "object");
  if (engine === "kernel" || name === undefined) return;
  throw new NotSupportedError("target", `Cannot load program ${name} for another program: only the kernel engine can`);
}

function optionsFor(name: string, { programs = {} }: ProgramChoice): ProgramOptions {
  const options: ProgramOptions = {};
  for (const [pattern, each] of Object.entries(programs)) if (matchesGlob(pattern, name)) Object.assign(options, each);
  return options;
}
