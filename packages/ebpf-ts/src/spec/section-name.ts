import { badObject } from "./object/object-file.ts";
import { SECTION_DEFINITIONS } from "./section-definitions.ts";
import type { SectionDefinition } from "./section-definitions.ts";
import type { ProgramSpec } from "./types.ts";

/** What a section name says about the programs in it. */
export type SectionMeaning = Pick<ProgramSpec, "type" | "attachType" | "attachTo" | "kind" | "sleepable" | "autoload">;

/** Reads names such as `tracepoint/syscalls/sys_enter_kill`, `?xdp`, `fentry.s/do_unlinkat` as libbpf does. */
export function parseSectionName(section: string): SectionMeaning {
  const autoload = !section.startsWith("?");
  const name = autoload ? section : section.slice(1);
  const definition = SECTION_DEFINITIONS.find((candidate) => matches(candidate, name));
  if (definition === undefined) throw unknown(section, name);
  return {
    type: definition.type,
    attachType: definition.attachType,
    attachTo: name.slice(definition.name.length + 1),
    kind: definition.name,
    sleepable: definition.sleepable,
    autoload,
  };
}

function matches(definition: SectionDefinition, name: string): boolean {
  return name === definition.name || (definition.takesTarget && name.startsWith(`${definition.name}/`));
}

function unknown(section: string, name: string): Error {
  const family = familyOf(name);
  const relatives = SECTION_DEFINITIONS.filter((definition) => familyOf(definition.name) === family);
  const known =
    relatives.length > 0
      ? relatives.map(usage)
      : [...new Set(SECTION_DEFINITIONS.map((definition) => familyOf(definition.name)))];
  return badObject(
    `Section ${section} holds a program of no known kind: name it by what the program attaches to (known: ${known.join(", ")})`,
  );
}

/** `cgroup` of `cgroup/bind4`, `kprobe` of `kprobe.multi/x`. */
function familyOf(name: string): string {
  return name.split(/[./]/, 1)[0] ?? name;
}

function usage(definition: SectionDefinition): string {
  return definition.takesTarget ? `${definition.name}/…` : definition.name;
}
