/** What a section's header says that it is: SHT_* and SHF_* (uapi linux/elf.h). */
export const SectionType = {
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  NOBITS: 8,
  REL: 9,
} as const;

export const SectionFlag = {
  /** It takes memory in what runs: code and data, rather than debug information. */
  ALLOC: 2,
  EXECINSTR: 4,
  /** The bytes are those of a compressed section, behind a header of their own. */
  COMPRESSED: 0x800,
} as const;
