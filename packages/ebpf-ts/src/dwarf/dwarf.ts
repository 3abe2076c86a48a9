import type { BtfBuilder } from "../btf/btf-builder.ts";
import type { Btf } from "../btf/types.ts";
import type { ElfFile } from "../elf/elf-file.ts";
import { BtfMaker } from "./btf-maker.ts";
import { Tag } from "./constants.ts";
import type { Entry } from "./entry.ts";
import { type CodeRange, locationsOf, type LocationRange, rangesOf } from "./lists.ts";
import { Entries } from "./read-entries.ts";
import { codeAddress, type CodeAddress, type DebugSections, readDebugSections } from "./sections.ts";
import { DwarfTypes } from "./types.ts";

/** A variable or parameter of a function, or of one that was inlined into it. */
export interface DwarfVariable {
  readonly name: string;
  /** Offset of its type's entry. */
  readonly type: number;
  readonly isParameter: boolean;
  /** The code of the block that it belongs to, and how deep that is nested. */
  readonly scope: readonly CodeRange[];
  readonly depth: number;
  readonly locations: readonly LocationRange[];
}

/** The debug information of an object. What is made here reads all entries, so that it is made when something is wanted of them. */
export class Dwarf {
  readonly types: DwarfTypes;
  readonly #sections: DebugSections;
  /** By where they begin. */
  readonly #functions = new Map<CodeAddress, Entry>();
  readonly #variables = new Map<Entry, readonly DwarfVariable[]>();

  /** Throws `EbpfError` BAD_OBJECT when it is broken. */
  constructor(elf: ElfFile) {
    this.#sections = readDebugSections(elf);
    const entries = new Entries(this.#sections);
    this.types = new DwarfTypes(this.#sections, entries);
    for (const entry of entries.withTags(new Set([Tag.SUBPROGRAM]))) {
      if (entry.lowPc >= 0) this.#functions.set(entry.lowPc, entry);
    }
  }

  /** Writes its types into a table, behind what the builder holds already: the types of `own`. */
  btfMaker(builder: BtfBuilder, own?: Btf): BtfMaker {
    return new BtfMaker(this.types, builder, own);
  }

  /** All variables of the function that begins there, outer blocks first; none where nothing is known of it. `offset` is bytes. */
  variablesOf(section: number, offset: number): readonly DwarfVariable[] {
    const fn = this.#functions.get(codeAddress(section, offset));
    if (fn === undefined) return [];
    const known = this.#variables.get(fn) ?? this.#collect(fn);
    this.#variables.set(fn, known);
    return known;
  }

  /** Structs and unions of a size in bytes that stand in the same file as the function that begins there. */
  compositesBeside(section: number, offset: number, size: number): readonly number[] {
    const fn = this.#functions.get(codeAddress(section, offset));
    return fn === undefined ? [] : this.types.compositesBeside(fn, size);
  }

  #collect(fn: Entry): DwarfVariable[] {
    const found: DwarfVariable[] = [];
    const visit = (entry: Entry, outer: readonly CodeRange[], depth: number): void => {
      const own = rangesOf(this.#sections, entry);
      const scope = own.length > 0 ? own : outer;
      this.#sections.budget.spend(1);
      for (const child of entry.children) {
        if (child.tag === Tag.VARIABLE || child.tag === Tag.FORMAL_PARAMETER) {
          if (child.location !== undefined) found.push(this.#variable(child, scope, depth));
        } else if (child.tag === Tag.LEXICAL_BLOCK || child.tag === Tag.INLINED_SUBROUTINE) {
          visit(child, scope, depth + 1);
        }
      }
    };
    visit(fn, [], 0);
    return found;
  }

  #variable(entry: Entry, scope: readonly CodeRange[], depth: number): DwarfVariable {
    const described = this.types.originOf(entry);
    return {
      name: described.name(this.#sections),
      type: described.type,
      isParameter: entry.tag === Tag.FORMAL_PARAMETER,
      scope,
      depth,
      locations: locationsOf(this.#sections, entry, scope),
    };
  }
}
