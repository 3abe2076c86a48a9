import { ByteView } from "../../bytes/byte-view.ts";
import { Kind, kindShapes, largestVlen, recordHeader } from "../../btf/btf-kinds.ts";
import { readShapes } from "../../btf/read-layout.ts";
import { indexTypes } from "../../btf/index-types.ts";
import { parseBtfInPlace } from "../../btf/parse-btf.ts";
import type { Btf, BtfDataSection } from "../../btf/types.ts";
import type { ElfFile, ElfSection, ElfSymbol } from "../../elf/elf-file.ts";
import { EbpfError } from "../../base/errors.ts";
import { atOnce } from "../../base/slices.ts";
import { placeKconfig } from "./place-kconfig.ts";

const variableSize = kindShapes[Kind.datasec]!.each;

/**
 * clang leaves the sizes of data sections, and the offsets of the global variables in them, zero in `.BTF`: only ELF
 * knows them. The kernel wants them filled in and the variables in order. Hidden symbols become static ones, as libbpf
 * has it: the kernel then verifies a hidden function together with its callers. Settings of the kernel get their places, and are
 * variables as any other then. Gives a copy.
 */
export function fixDataSections(bytes: Uint8Array, elf: ElfFile): Uint8Array {
  const fixed = new Uint8Array(bytes);
  const btf = parseBtfInPlace(fixed);
  const records = new Records(fixed);
  const sections = new Map(elf.sections.map((section) => [section.name, section]));
  const symbols = globalSymbols(elf);

  for (let id = 1; id < btf.length; id++) {
    const type = btf.type(id);
    if (type.kind === "datasec") {
      // What the kernel provides has no ELF section. That of symbols is for their names alone.
      if (type.name === ".kconfig") placeSettings(btf, records, type);
      else if (type.name !== ".ksyms") fixSection(btf, records, type, sections.get(type.name), symbols);
    } else if (type.kind === "func" && type.linkage === "global" && isHiddenSubprogram(symbols.get(type.name), elf)) {
      records.makeFunctionStatic(id);
    }
  }
  return fixed;
}

function globalSymbols(elf: ElfFile): Map<string, ElfSymbol> {
  const named = elf.symbols.filter(
    (symbol) => symbol.name !== "" && (symbol.binding === "global" || symbol.binding === "weak"),
  );
  return new Map(named.map((symbol) => [symbol.name, symbol]));
}

function isHidden(symbol: ElfSymbol | undefined): boolean {
  return symbol?.visibility === "hidden" || symbol?.visibility === "internal";
}

function isHiddenSubprogram(symbol: ElfSymbol | undefined, elf: ElfFile): boolean {
  return symbol !== undefined && isHidden(symbol) && elf.sections[symbol.sectionIndex]?.name === ".text";
}

function fixSection(
  btf: Btf,
  records: Records,
  type: BtfDataSection,
  section: ElfSection | undefined,
  symbols: ReadonlyMap<string, ElfSymbol>,
): void {
  // A linker (bpftool gen object) fills them in.
  const isFilled = type.size !== 0;
  if (!isFilled) {
    if (section === undefined || section.size === 0)
      throw bad(`The BTF describes section ${type.name}, which the ELF file does not have`);
    if (section.size > 0xffff_ffff)
      throw new EbpfError("TOO_BIG", `Section ${type.name} has ${section.size} bytes, more than a map can hold`);
    records.setSectionSize(type.id, section.size);
  }
  const variables = type.variables.map((entry) => {
    const variable = btf.type(entry.type);
    if (variable.kind !== "var")
      throw bad(`The BTF of section ${type.name} holds a ${variable.kind}, where only variables belong`);
    if (variable.linkage !== "global") return entry;
    const symbol = symbols.get(variable.name);
    if (symbol === undefined)
      throw bad(`The BTF describes variable ${variable.name} of section ${type.name}, which has no ELF symbol`);
    if (isHidden(symbol)) records.makeVariableStatic(variable.id);
    return isFilled ? entry : { ...entry, offset: symbol.value };
  });
  records.setVariables(
    type.id,
    variables.sort((a, b) => a.offset - b.offset),
  );
}

function placeSettings(btf: Btf, records: Records, type: BtfDataSection): void {
  const { variables, size } = placeKconfig(btf, type);
  records.setSectionSize(type.id, size);
  records.setVariables(type.id, variables);
  for (const { type: id, size: bytes } of variables) if (bytes > 0) records.makeVariableGlobal(id);
}

/** Writes to type records in place. */
class Records {
  readonly #view: DataView;
  readonly #offsets: Uint32Array;
  readonly #start: number;

  constructor(bytes: Uint8Array) {
    const header = new ByteView(bytes, "BTF", "BAD_BTF");
    this.#start = header.u32(4) + header.u32(8);
    const types = new ByteView(header.bytes(this.#start, header.u32(12)), "BTF type section", "BAD_BTF");
    this.#offsets = atOnce(indexTypes(types, 1, readShapes(header, header.u32(4))));
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  setSectionSize(id: number, size: number): void {
    this.#view.setUint32(this.#at(id) + 8, size, true);
  }

  setVariables(
    id: number,
    variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[],
  ): void {
    let at = this.#at(id) + recordHeader;
    for (const variable of variables) {
      this.#view.setUint32(at, variable.type, true);
      this.#view.setUint32(at + 4, variable.offset, true);
      this.#view.setUint32(at + 8, variable.size, true);
      at += variableSize;
    }
  }

  /** BTF_VAR_STATIC is 0. */
  makeVariableStatic(id: number): void {
    this.#view.setUint32(this.#at(id) + recordHeader, 0, true);
  }

  /** BTF_VAR_GLOBAL_ALLOCATED is 1. */
  makeVariableGlobal(id: number): void {
    this.#view.setUint32(this.#at(id) + recordHeader, 1, true);
  }

  /** The linkage of a function is its `vlen`, the lower bits of `info`; BTF_FUNC_STATIC is 0. */
  makeFunctionStatic(id: number): void {
    const at = this.#at(id) + 4;
    this.#view.setUint32(at, (this.#view.getUint32(at, true) & ~largestVlen) >>> 0, true);
  }

  #at(id: number): number {
    return this.#start + (this.#offsets[id - 1] ?? 0);
  }
}

function bad(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
