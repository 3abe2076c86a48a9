import { kindOfSection, sectionUsage } from "../kinds/find-program-kind.ts";
import { programKinds } from "../kinds/program-kinds.ts";
import { aString } from "../base/checks.ts";
import type { EbpfError } from "../base/errors.ts";
import { ProgType } from "../uapi/uapi.gen.ts";
import { badObject } from "./object/object-file.ts";
import type { ProgramSpec } from "./types.ts";

/** What a section name says about the programs in it. */
export type SectionMeaning = Pick<ProgramSpec, "type" | "attachType" | "attachTo" | "kind" | "sleepable" | "autoload">;

/** Reads names such as `tracepoint/syscalls/sys_enter_kill`, `?xdp`, `fentry.s/do_unlinkat` as libbpf does. */
export function parseSectionName(section: string): SectionMeaning {
  aString(section, "The section of parseSectionName()");
  const meaning = readSectionName(section);
  if (meaning.kind === "") throw unknown(section);
  return meaning;
}

/**
 * The same, but a name that means nothing is no error: a program of no kind (type UNSPEC) hinders the others as little as with libbpf,
 * and can be told its type before it is loaded.
 */
export function readSectionName(section: string): SectionMeaning {
  const autoload = !section.startsWith("?");
  const name = autoload ? section : section.slice(1);
  const kind = kindOfSection(name);
  if (kind === undefined)
    return { type: ProgType.UNSPEC, attachType: undefined, attachTo: "", kind: "", sleepable: false, autoload };
  return {
    type: kind.type,
    attachType: kind.attachType,
    attachTo: name.slice(kind.name.length + 1),
    kind: kind.name,
    sleepable: kind.sleepable,
    autoload,
  };
}

/** For a program that is to be loaded, and has no type. */
export function withoutKind({ name, section }: Pick<ProgramSpec, "name" | "section">): EbpfError {
  return badObject(`Cannot load program ${name}: ${unknown(section).message}`);
}

function unknown(section: string): EbpfError {
  const family = familyOf(section.replace(/^\?/, ""));
  const relatives = programKinds.filter((kind) => familyOf(kind.name) === family);
  const known =
    relatives.length > 0 ? relatives.map(sectionUsage) : [...new Set(programKinds.map((kind) => familyOf(kind.name)))];
  return badObject(
    `Section ${section} holds a program of no known kind: name it by what the program attaches to (known: ${known.join(", ")})`,
  );
}

/** `cgroup` of `cgroup/bind4`, `kprobe` of `kprobe.multi/x`. */
function familyOf(name: string): string {
  return name.split(/[./]/, 1)[0] ?? name;
}
