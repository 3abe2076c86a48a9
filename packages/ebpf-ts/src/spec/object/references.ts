import type { ElfRelocation, ElfSymbol } from "../../elf/elf-file.ts";
import { CALL, CallKind, ImmKind, LD_IMM64 } from "../../insn/opcodes.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { sortBySlot, takeRange } from "./by-slot.ts";
import type { Code, PlacedFunction } from "./code.ts";
import type { DataMap } from "./data-maps.ts";
import type { PlacedMap } from "./maps.ts";
import { type Extern, readExterns } from "./externs.ts";
import { badObject } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";
import type { Reference } from "../types.ts";

const FIRST_RESERVED_SECTION = 0xff00;

/**
 * Turns the relocations of code into references by name, and the immediates that they patch into neutral ones, so that
 * an instruction no longer depends on where things stood in the file.
 */
export function addReferences(
  object: ObjectFile,
  code: Code,
  maps: readonly PlacedMap[],
  dataMaps: readonly DataMap[],
): void {
  const resolver = new Resolver(object, code, maps, dataMaps);
  const bySection = new Map<number, readonly PlacedRelocation[]>();
  for (const fn of code.placed) {
    const index = fn.section.index;
    const relocations = bySection.get(index) ?? placeRelocations(object, index);
    bySection.set(index, relocations);
    resolver.addTo(fn, takeRange(relocations, fn.slot, fn.slot + fn.spec.instructions.length));
  }
}

interface PlacedRelocation {
  slot: number;
  readonly symbol: number;
}

function placeRelocations(object: ObjectFile, sectionIndex: number): readonly PlacedRelocation[] {
  const relocations = object.elf.relocations.get(sectionIndex) ?? [];
  return sortBySlot(
    relocations.map((relocation: ElfRelocation) => {
      if (relocation.offset % 8 !== 0) {
        throw badObject(
          `The relocation at offset ${relocation.offset} of section ${object.elf.sections[sectionIndex]?.name} is not at an instruction`,
        );
      }
      return { slot: relocation.offset / 8, symbol: relocation.symbol };
    }),
  );
}

class Resolver {
  readonly #object: ObjectFile;
  readonly #code: Code;
  readonly #maps: ReadonlyMap<string, PlacedMap>;
  readonly #mapSections: ReadonlySet<number>;
  readonly #dataMaps: ReadonlyMap<number, DataMap>;
  readonly #externs: ReadonlyMap<string, Extern>;

  constructor(object: ObjectFile, code: Code, maps: readonly PlacedMap[], dataMaps: readonly DataMap[]) {
    this.#object = object;
    this.#code = code;
    this.#maps = new Map(maps.map((map) => [`${map.section.index}:${map.offset}`, map]));
    this.#mapSections = new Set(
      object.elf.sections.filter((section) => section.name === ".maps").map((section) => section.index),
    );
    this.#dataMaps = new Map(dataMaps.map((map) => [map.section.index, map]));
    this.#externs = readExterns(object);
  }

  addTo(fn: PlacedFunction, relocations: readonly PlacedRelocation[]): void {
    const { instructions, references } = fn.spec;
    const bySlot = new Map<number, PlacedRelocation>();
    for (const relocation of relocations) {
      if (bySlot.has(relocation.slot))
        throw badObject(`${describe(fn)} has two relocations at instruction ${relocation.slot}`);
      bySlot.set(relocation.slot, relocation);
    }
    for (let slot = 0; slot < instructions.length; slot++) {
      const instruction = instructions[slot] as Instruction;
      const relocation = bySlot.get(slot);
      bySlot.delete(slot);
      if (relocation !== undefined) references.push(this.#resolve(fn, slot, relocation));
      else if (isLocalCall(instruction))
        references.push(this.#call(fn, slot, fn.section.index, fn.slot + slot, "the code"));
      if (instruction.opcode === LD_IMM64) slot += 1;
    }
    for (const slot of bySlot.keys())
      throw badObject(`${describe(fn)} has a relocation in the middle of instruction ${slot - 1}`);
  }

  #resolve(fn: PlacedFunction, slot: number, relocation: PlacedRelocation): Reference {
    const instruction = fn.spec.instructions[slot] as Instruction;
    const symbol = this.#object.elf.symbols[relocation.symbol] as ElfSymbol;
    const name = symbol.name || (this.#object.elf.sections[symbol.sectionIndex]?.name ?? "");
    if (symbol.sectionIndex === 0) return this.#extern(fn, slot, symbol);
    if (symbol.sectionIndex >= FIRST_RESERVED_SECTION) {
      throw badObject(
        `${describe(fn)} uses ${name}, which lies in no section: give the variable a value, or a section`,
      );
    }
    if (isLocalCall(instruction)) return this.#call(fn, slot, symbol.sectionIndex, symbol.value / 8, name);
    if (instruction.opcode !== LD_IMM64) {
      throw badObject(
        `${describe(fn)} is broken: the relocation for ${name} is at instruction ${slot}, which is neither a call nor a 64-bit load`,
      );
    }
    const high = fn.spec.instructions[slot + 1];
    if (high === undefined) throw badObject(`${describe(fn)} is cut off: its last instruction lacks its second half`);
    return this.#load(fn, slot, symbol, name, instruction, high);
  }

  /** `base` is a slot of the section from which `imm` counts. */
  #call(fn: PlacedFunction, slot: number, sectionIndex: number, base: number, name: string): Reference {
    const instruction = fn.spec.instructions[slot] as Instruction;
    const target = this.#code.at(sectionIndex, base + instruction.imm + 1);
    if (target === undefined) {
      throw badObject(`${describe(fn)} is broken: its call at instruction ${slot} (by ${name}) leads to no function`);
    }
    instruction.imm = -1;
    return { slot, kind: "call", function: target.spec.name };
  }

  #load(
    fn: PlacedFunction,
    slot: number,
    symbol: ElfSymbol,
    name: string,
    low: Instruction,
    high: Instruction,
  ): Reference {
    const offset = symbol.value + low.imm;
    if (high.imm !== 0 && high.imm !== low.imm >> 31)
      throw badObject(
        `${describe(fn)} is broken: instruction ${slot} adds more than 32 bits to the address of ${name}`,
      );
    const data = this.#dataMaps.get(symbol.sectionIndex);
    if (data !== undefined) {
      data.checkUse(describe(fn), name, offset);
      setImmediate(low, high, ImmKind.MAP_VALUE, offset);
      return { slot, kind: "map-value", map: data.spec.name, offset };
    }
    if (this.#mapSections.has(symbol.sectionIndex)) {
      const map = this.#maps.get(`${symbol.sectionIndex}:${offset}`);
      if (map === undefined)
        throw badObject(
          `${describe(fn)} uses map ${name}, which the object's BTF does not describe: compile with clang -g`,
        );
      setImmediate(low, high, ImmKind.MAP_FD, 0);
      return { slot, kind: "map", map: map.spec.name };
    }
    const target = this.#code.at(symbol.sectionIndex, offset / 8);
    if (target !== undefined) {
      setImmediate(low, high, ImmKind.FUNC, 0);
      return { slot, kind: "function", function: target.spec.name };
    }
    throw this.#noTarget(fn, symbol, name);
  }

  #noTarget(fn: PlacedFunction, symbol: ElfSymbol, name: string): Error {
    const section = this.#object.elf.sections[symbol.sectionIndex]?.name ?? "";
    return badObject(
      `${describe(fn)} uses ${name} of section ${section}, which is neither a map, nor a variable, nor a function`,
    );
  }

  #extern(fn: PlacedFunction, slot: number, symbol: ElfSymbol): Reference {
    const { name } = symbol;
    const isCall = fn.spec.instructions[slot]?.opcode === CALL;
    const extern = this.#externs.get(name);
    if (extern === undefined) {
      const hint = BUILTINS.has(name)
        ? "clang put the call in: use a constant size with the __builtin_ function of that name, or write the loop out"
        : "define it, or declare it with __ksym or __kconfig and compile with clang -g";
      throw badObject(
        `${describe(fn)} ${isCall ? "calls" : "uses"} ${name}, which the object does not define: ${hint}`,
      );
    }
    const isLoad = fn.spec.instructions[slot]?.opcode === LD_IMM64 && fn.spec.instructions[slot + 1] !== undefined;
    if (isCall ? !extern.isFunction : !isLoad) {
      throw badObject(
        `${describe(fn)} is broken: the relocation for ${name} is at instruction ${slot}, which is neither a call of a function nor a 64-bit load`,
      );
    }
    const { section, type, size } = extern;
    return { slot, kind: "extern", name, section, weak: symbol.binding === "weak", type, size };
  }
}

/** C library functions that clang calls of its own accord. */
const BUILTINS: ReadonlySet<string> = new Set([
  "memcpy",
  "memmove",
  "memset",
  "memcmp",
  "bcmp",
  "strlen",
  "__multi3",
  "__udivti3",
]);

function describe(fn: PlacedFunction): string {
  return `${fn.isProgram ? "Program" : "Function"} ${fn.spec.name}`;
}

function isLocalCall(instruction: Instruction): boolean {
  return instruction.opcode === CALL && instruction.src === CallKind.LOCAL;
}

function setImmediate(low: Instruction, high: Instruction, kind: number, value: number): void {
  low.src = kind;
  low.imm = 0;
  high.imm = value | 0;
}
