import type { ByteView } from "../../bytes/byte-view.ts";
import type { Executable, ExecutableSection } from "./executable.ts";

const SHT_GNU_VERDEF = 0x6fff_fffd;
const SHT_GNU_VERSYM = 0x6fff_ffff;
/** Another version of the function is what is linked against today. */
const HIDDEN = 0x8000;
/** Local, and global without a version. */
const FIRST_VERSION = 2;

export interface SymbolVersion {
  /** `GLIBC_2.3` */
  readonly version: string;
  /** What a name without a version means (`name@@version`). */
  readonly isDefault: boolean;
}

/** Which version each symbol of a dynamic symbol table is of, by its index (Linux Standard Base, chapter 10.7). */
export type VersionOf = (index: number) => SymbolVersion | undefined;

export function symbolVersions(executable: Executable, table: ExecutableSection): VersionOf {
  const { sections } = executable;
  const numbers = sections.find(({ type, link }) => type === SHT_GNU_VERSYM && sections[link] === table);
  const definitions = sections.find(({ type }) => type === SHT_GNU_VERDEF);
  if (numbers === undefined || definitions === undefined) return () => undefined;
  const view = executable.contents(numbers, "the versions of its symbols");
  const names = readNames(executable, definitions);
  return (index) => {
    const number = view.u16(2 * index);
    const version = names.get(number & ~HIDDEN);
    return version === undefined ? undefined : { version, isDefault: (number & HIDDEN) === 0 };
  };
}

/** Names of versions by their numbers: `Elf64_Verdef` and, for each, `Elf64_Verdaux`. */
function readNames(executable: Executable, section: ExecutableSection): Map<number, string> {
  const names = new Map<number, string>();
  const texts = executable.sections[section.link];
  if (texts === undefined) return names;
  const strings = executable.contents(texts, "the names of its versions");
  const view = executable.contents(section, "the versions that it defines");
  for (let at = 0; ;) {
    const number = view.u16(at + 4);
    if (number >= FIRST_VERSION) names.set(number, nameAt(view, strings, at + view.u32(at + 12)));
    const next = view.u32(at + 16);
    // Each leads on, so that even a forged chain ends with the section.
    if (next === 0) return names;
    at += next;
  }
}

function nameAt(view: ByteView, strings: ByteView, auxiliary: number): string {
  return strings.cString(view.u32(auxiliary));
}
