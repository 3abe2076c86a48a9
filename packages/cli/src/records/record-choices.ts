import { mapKind, recordOf, type CollectionSpec, type RecordChoice } from "ebpf-ts/spec";
import type { Btf } from "ebpf-ts/btf";
import { UsageError } from "../output/report-error.ts";

/** What a user says of records on the command line. */
export interface RecordArguments {
  /** `ring=struct` */
  readonly type: readonly string[];
  readonly header?: string;
}

/** What the records of rings are, as the user says: structs of the header come first. */
export async function recordChoices(
  spec: CollectionSpec,
  { type, header }: RecordArguments,
): Promise<Record<string, RecordChoice>> {
  const named = type.map((text): [string, string] => [
    text.slice(0, text.indexOf("=")),
    text.slice(text.indexOf("=") + 1),
  ]);
  if (header === undefined) return Object.fromEntries(named);
  // It brings the compiler.
  const { headerTypes } = await import("./header-types.ts");
  const types = await headerTypes(header);
  const choices = named.map(([ring, name]): [string, RecordChoice] => [
    ring,
    has(types, name) ? { type: name, types } : name,
  ]);
  const others = sameNames(spec, types).filter(([ring]) => !named.some(([each]) => each === ring));
  if (choices.length === 0 && others.length === 0)
    throw new UsageError(`Cannot tell which struct of ${header} is in which ring: say so with --type ring=struct`);
  return Object.fromEntries([...choices, ...others]);
}

function has(types: Btf, name: string): boolean {
  return types.find(plain(name)).length > 0;
}

/** Rings of whose records the object tells the name alone that the header has too: the header overrules the rest. */
function sameNames(spec: CollectionSpec, types: Btf): [string, RecordChoice][] {
  const rings = spec.maps.filter((map) => mapKind(map.type).ring !== undefined);
  return rings.flatMap((map): [string, RecordChoice][] => {
    const { btf, variants } = recordOf(spec, map);
    const [first] = variants;
    if (btf === undefined || first === undefined || variants.length > 1) return [];
    const name = btf.nameOf(first.type);
    return has(types, name) ? [[map.name, { type: name, types }]] : [];
  });
}

function plain(name: string): string {
  return name.replace(/^(struct|union|enum) /, "");
}
