import { EbpfError } from "../../base/errors.ts";
import { matchesGlob } from "../../base/glob.ts";
import { badExecutable, Executable } from "./executable.ts";
import { functionNames, type FunctionSymbol, functionSymbols, symbolsLeft } from "./function-symbols.ts";
import { goFunctions } from "./go-functions.ts";
import type { PartialFile } from "./partial-file.ts";
import { suggestion } from "./suggestion.ts";

/** A function of an executable or shared library. */
export interface ExecutableSymbol {
  readonly name: string;
  /** Where the first instruction stands in the file. */
  readonly offset: number;
  /** Bytes of code; 0 when the file does not say. */
  readonly size: number;
}

/**
 * Finds a function in `.symtab` and `.dynsym`, or in what programs in Go know of themselves. The name may have a version (`realpath@GLIBC_2.2.5`,
 * `realpath@@GLIBC_2.3`); without one the version is meant that programs are linked against today. Throws BAD_OBJECT for what is no ELF64 executable,
 * and NOT_FOUND when there is no such function, or several of that name.
 */
export function findExecutableSymbol(file: PartialFile, name: string): ExecutableSymbol {
  const executable = new Executable(file);
  const { address, size } = findIn(executable, name);
  const offset = executable.codeOffset(address);
  if (offset !== undefined) return { name, offset, size };
  throw badExecutable(
    `The executable is broken: function ${name} lies at address 0x${address.toString(16)}, where no code is loaded`,
  );
}

/**
 * The functions whose names a pattern fits (`*` stands for any letters, `?` for one), each place once, in the order of the file. NOT_FOUND where
 * there is none.
 */
export function findExecutableSymbols(file: PartialFile, pattern: string): ExecutableSymbol[] {
  const executable = new Executable(file);
  const left = symbolsLeft(executable);
  const all = left === "all" ? functionSymbols(executable) : [...functionSymbols(executable), ...inGo(executable)];
  const places = new Map<number, ExecutableSymbol>();
  for (const { name, address, size, indirect } of all) {
    const offset = indirect || !matchesGlob(pattern, name) ? undefined : executable.codeOffset(address);
    if (offset !== undefined) places.set(offset, { name, offset, size });
  }
  if (places.size > 0) return [...places.values()].toSorted((one, other) => one.offset - other.offset);
  const why = left === "all" ? "" : ", most of whose symbols were stripped";
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot find functions in the executable${why}: it has no function that is called like ${pattern}`,
  );
}

function inGo(executable: Executable): Omit<FunctionSymbol, "version" | "rank">[] {
  return goFunctions(executable).map((each) => ({ ...each, size: 0, indirect: false }));
}

type Place = Pick<FunctionSymbol, "address" | "size">;

function findIn(executable: Executable, asked: string): Place {
  const [, name = asked, version] = /^([^@]+)@@?([^@]+)$/.exec(asked) ?? [];
  const named = functionSymbols(executable, name);
  const found = version === undefined ? named : named.filter((each) => each.version?.version === version);
  if (found.length > 0) return choose(found, asked);
  const inGo = goFunctions(executable);
  const own = inGo.find((each) => each.name === asked);
  if (own !== undefined) return { address: own.address, size: 0 };
  throw notFound(executable, asked, { named, inGo: inGo.map((each) => each.name) });
}

/** Global functions win over weak ones, and those over local ones; the default version over others. Both tables may have it. */
function choose(found: readonly FunctionSymbol[], name: string): Place {
  const rank = Math.min(...found.map((each) => each.rank));
  const ranked = found.filter((each) => each.rank === rank);
  const current = ranked.filter((each) => each.version?.isDefault !== false);
  const best = current.length > 0 ? current : ranked;
  const addresses = new Set(best.map(({ address }) => address));
  const [first] = best;
  if (addresses.size === 1 && first?.indirect === false) return first;
  const cannot = `Cannot tell which function ${name} of the executable is meant`;
  if (first?.indirect === true)
    throw new EbpfError("NOT_FOUND", `${cannot}: it is chosen when a program starts (IFUNC), name what is chosen`);
  const versions = [...new Set(best.flatMap((each) => (each.version === undefined ? [] : [versioned(each)])))];
  const all = [...addresses].map((address) => `0x${address.toString(16)}`).join(", ");
  const hint = versions.length > 1 ? `name its version, ${versions.join(" or ")}` : "give its offset";
  throw new EbpfError("NOT_FOUND", `${cannot} (at ${all}): ${hint}`);
}

function versioned({ name, version }: FunctionSymbol): string {
  return `${name}${version!.isDefault ? "@@" : "@"}${version!.version}`;
}

interface Others {
  /** Of other versions. */
  readonly named: readonly FunctionSymbol[];
  readonly inGo: readonly string[];
}

function notFound(executable: Executable, asked: string, { named, inGo }: Others): EbpfError {
  const say = (why: string): EbpfError =>
    new EbpfError("NOT_FOUND", `Cannot find function ${asked} in the executable: ${why}`);
  const others = [...new Set(named.filter(({ version }) => version !== undefined).map(versioned))];
  if (named.length > 0)
    return say(others.length > 0 ? `it has ${others.join(" and ")}` : "it has that function without a version");
  const left = symbolsLeft(executable);
  if (left === "none" && inGo.length === 0) return say(`it has no symbols, it was stripped, ${whatToDo}`);
  const near = suggestion(asked, [...functionNames(executable), ...inGo]);
  if (near !== undefined) return say(`it has no function ${asked}, did you mean ${near}?`);
  if (left === "exported" && inGo.length === 0)
    return say(`it was stripped, all but the functions that it exports, ${whatToDo}`);
  return say(`it has no function ${asked}, give its offset`);
}

const whatToDo = "give the offset in the file, or that of the function in a copy that has its symbols";
