import { type Checks, checkOptions } from "../base/check-options.ts";
import { aString, type Check } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { isGlob, matchesGlob } from "../base/glob.ts";
import { namesInstead } from "../base/near-name.ts";
import { aSpec } from "./check-spec.ts";
import type { CollectionSpec, ProgramSpec } from "./types.ts";

/** Which programs of an object are loaded. */
export interface ProgramSelection {
  /**
   * Names, or patterns (`handle_*`, and `?` for one letter): no other programs are loaded. One that is named, rather than matched, is loaded
   * whatever its section says.
   */
  readonly only?: string | readonly string[] | undefined;
  /** Names or patterns of programs that are not loaded. */
  readonly without?: string | readonly string[] | undefined;
}

const patterns: Check = (value, what) => {
  for (const pattern of Array.isArray(value) ? value : [value]) aString(pattern, what);
};

export const selectionChecks: Checks<ProgramSelection> = { only: patterns, without: patterns };

/** The object with fewer programs to load (`autoload`). It stays as it was given. Throws NOT_FOUND where a name or a pattern is no program's. */
export function choosePrograms(spec: CollectionSpec, selection: ProgramSelection): CollectionSpec {
  aSpec(spec, "The spec of choosePrograms()");
  checkOptions(selection, selectionChecks, "choosePrograms()");
  const [only, without] = [listOf(selection.only), listOf(selection.without)];
  if (only === undefined && without === undefined) return spec;
  for (const pattern of [...(only ?? []), ...(without ?? [])]) checkProgramName(spec, pattern);
  const programs = spec.programs.map((program) => ({ ...program, autoload: isChosen(program, only, without ?? []) }));
  return { ...spec, programs };
}

/** Throws NOT_FOUND where a name or a pattern is no program's. */
export function checkProgramName({ programs }: CollectionSpec, pattern: string): void {
  if (programs.some(({ name }) => matchesGlob(pattern, name))) return;
  const names = programs.map(({ name }) => name);
  const what = isGlob(pattern) ? `a program that matches ${pattern}` : `program ${pattern}`;
  throw new EbpfError("NOT_FOUND", `Cannot find ${what}: ${namesInstead(pattern, names)}`);
}

function listOf(given: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof given === "string" ? [given] : given;
}

function isChosen(
  { name, autoload }: ProgramSpec,
  only: readonly string[] | undefined,
  without: readonly string[],
): boolean {
  if (without.some((pattern) => matchesGlob(pattern, name))) return false;
  if (only === undefined) return autoload;
  return only.includes(name) || (autoload && only.some((pattern) => matchesGlob(pattern, name)));
}
