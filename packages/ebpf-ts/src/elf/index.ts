export { parseElf } from "./parse-elf.ts";
export type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./elf-file.ts";
export { findExecutableSymbol, type ExecutableSymbol, type PartialFile } from "./executable-symbols.ts";
