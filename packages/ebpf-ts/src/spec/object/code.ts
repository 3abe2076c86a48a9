import type { CoreRelocation, LineInfo } from "../../btf/types.ts";
import type { ElfSection, ElfSymbol } from "../../elf/elf-file.ts";
import { EbpfError } from "../../base/errors.ts";
import { decodeInstructions } from "../../insn/codec.ts";
import { mostInstructionsInFile } from "../limits.ts";
import { sortBySlot, takeRange } from "./by-slot.ts";
import { FunctionNames } from "./function-names.ts";
import { badObject, isCode } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";
import { readSectionName } from "../section-name.ts";
import type { FunctionSpec, ProgramSpec } from "../types.ts";

/** The functions of an object, and where each stood in the file. */
export interface Code {
  readonly programs: ProgramSpec[];
  readonly functions: FunctionSpec[];
  /** In the order of sections and slots. */
  readonly placed: readonly PlacedFunction[];
  /** The function that begins there. */
  at(sectionIndex: number, slot: number): PlacedFunction | undefined;
}

export interface PlacedFunction {
  readonly spec: FunctionSpec;
  readonly section: ElfSection;
  /** First slot, in its section. */
  readonly slot: number;
  readonly isProgram: boolean;
}

/**
 * Splits the executable sections at their function symbols. Functions of `.text`, and static ones anywhere, are
 * subprograms; all others are programs. Code without a symbol is dead: linkers leave overridden weak functions behind.
 */
export function readCode(object: ObjectFile): Code {
  const sections = object.elf.sections.filter(isCode);
  checkSize(sections);
  const names = new FunctionNames(sections.flatMap((section) => functionsIn(object, section)));
  const placed = sections.flatMap((section) => readSection(object, section, names));
  const byPlace = new Map(placed.map((fn) => [`${fn.section.index}:${fn.slot}`, fn]));
  return {
    programs: placed.filter((fn) => fn.isProgram).map((fn) => fn.spec as ProgramSpec),
    functions: placed.filter((fn) => !fn.isProgram).map((fn) => fn.spec),
    placed,
    at: (sectionIndex, slot) => byPlace.get(`${sectionIndex}:${slot}`),
  };
}

function checkSize(sections: readonly ElfSection[]): void {
  const instructions = sections.reduce((sum, { data }) => sum + data.length, 0) / 8;
  if (instructions > mostInstructionsInFile)
    throw new EbpfError(
      "TOO_BIG",
      `The object has ${Math.ceil(instructions)} instructions, and at most ${mostInstructionsInFile} are supported`,
    );
}

function functionsIn(object: ObjectFile, section: ElfSection): ElfSymbol[] {
  return object.symbolsIn(section).filter((symbol) => symbol.type === "function");
}

function readSection(object: ObjectFile, section: ElfSection, names: FunctionNames): PlacedFunction[] {
  const symbols = functionsIn(object, section).sort((a, b) => a.value - b.value);
  if (symbols.length === 0) return [];
  checkPlaces(section, symbols);
  const details = sectionDetails(object, section);
  return symbols.map((symbol) => readFunction(section, symbol, details, names.of(symbol)));
}

function checkPlaces(section: ElfSection, sorted: readonly ElfSymbol[]): void {
  let end = 0;
  for (const symbol of sorted) {
    const where = `Function ${symbol.name} of section ${section.name}`;
    if (symbol.size === 0 || symbol.size % 8 !== 0 || symbol.value % 8 !== 0) {
      throw badObject(
        `${where} is broken: it has ${symbol.size} bytes at offset ${symbol.value}, and instructions take 8 bytes each`,
      );
    }
    if (symbol.value < end) throw badObject(`${where} overlaps the function before it`);
    end = symbol.value + symbol.size;
    if (end > section.data.length)
      throw badObject(`${where} is cut off: it ends at byte ${end}, the section at byte ${section.data.length}`);
  }
}

/** What `.BTF.ext` has on a section, sorted by slot. */
interface SectionDetails {
  readonly functionTypes: ReadonlyMap<number, number>;
  readonly lines: readonly LineInfo[];
  readonly coreRelocations: readonly CoreRelocation[];
}

function sectionDetails({ ext }: ObjectFile, section: ElfSection): SectionDetails {
  return {
    functionTypes: new Map(ext?.functions.get(section.name)?.map(({ slot, type }) => [slot, type])),
    lines: sortBySlot(ext?.lines.get(section.name)),
    coreRelocations: sortBySlot(ext?.relocations.get(section.name)),
  };
}

function readFunction(section: ElfSection, symbol: ElfSymbol, details: SectionDetails, name: string): PlacedFunction {
  const slot = symbol.value / 8;
  const end = slot + symbol.size / 8;
  const isProgram = section.name !== ".text" && symbol.binding !== "local";
  const spec: FunctionSpec = {
    name,
    section: section.name,
    instructions: decodeInstructions(section.data.subarray(symbol.value, symbol.value + symbol.size)),
    references: [],
    btfFunction: details.functionTypes.get(slot) ?? 0,
    lines: takeRange(details.lines, slot, end),
    coreRelocations: takeRange(details.coreRelocations, slot, end),
    linkage: linkageOf(symbol),
  };
  return { spec: isProgram ? { ...spec, ...readSectionName(section.name) } : spec, section, slot, isProgram };
}

/** A hidden function counts as static: the kernel verifies it with its callers. */
function linkageOf(symbol: ElfSymbol): FunctionSpec["linkage"] {
  if (symbol.binding === "local" || symbol.visibility === "hidden" || symbol.visibility === "internal") return "static";
  return symbol.binding === "weak" ? "weak" : "global";
}
