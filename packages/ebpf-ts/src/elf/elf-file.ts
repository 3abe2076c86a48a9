/** What an ELF64 relocatable file says (System V ABI, chapters 4 and 5), bounds already checked. */
export interface ElfFile {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Relocations by the index of the section that they patch. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>;
}

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** SHT_*: 1 PROGBITS, 2 SYMTAB, 3 STRTAB, 8 NOBITS, 9 REL, … */
  readonly type: number;
  /** SHF_* bits: 1 WRITE, 2 ALLOC, 4 EXECINSTR. */
  readonly flags: number;
  /** Bytes; for NOBITS the size that it takes in memory. */
  readonly size: number;
  readonly alignment: number;
  readonly link: number;
  readonly info: number;
  /** Empty for NOBITS. Shares memory with the file. */
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** Offset in its section, in bytes. */
  readonly value: number;
  readonly size: number;
  readonly type: "none" | "object" | "function" | "section" | "file" | "other";
  readonly binding: "local" | "global" | "weak" | "other";
  readonly visibility: "default" | "internal" | "hidden" | "protected";
  /** 0 for an undefined (extern) symbol; indices of 0xff00 and above are reserved ones. */
  readonly sectionIndex: number;
}

export interface ElfRelocation {
  /** Byte offset in the patched section. */
  readonly offset: number;
  /** R_BPF_*: 1 = 64_64, 2 = 64_ABS64, 3 = 64_ABS32, 4 = 64_NODYLD32, 10 = 64_32. */
  readonly type: number;
  readonly symbol: number;
}
