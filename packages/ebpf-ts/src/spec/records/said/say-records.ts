import { checkMembers, type MemberChecks } from "../../../base/check-members.ts";
import { anObject, aString } from "../../../base/checks.ts";
import { aBtf } from "../../../btf/checks/a-btf.ts";
import { aSpec } from "../../check-spec.ts";
import { EbpfError } from "../../../base/errors.ts";
import { nearName } from "../../../base/near-name.ts";
import type { Btf, BtfType } from "../../../btf/types.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import { makePrintable } from "../../to-json.ts";
import type { CollectionSpec } from "../../types.ts";
import type { RecordSaid } from "../found-record.ts";
import { refuseTooLarge } from "./refuse-too-large.ts";
import { TypeTables } from "../type-table.ts";

/**
 * What the records of a ring are, in place of what the object tells: the name of a struct or typedef, in the object's BTF or DWARF or in a
 * table that is given (that of a header, say); or a function that makes a value of a record's bytes, a copy.
 */
export type RecordChoice = string | { readonly type: string; readonly types: Btf } | ((bytes: Uint8Array) => unknown);

/** As `sayRecords` of `debug/doors.ts`, for a spec whose debug information has its reader. */
export function sayRecords(spec: CollectionSpec, choices: Readonly<Record<string, RecordChoice>>): CollectionSpec {
  aSpec(spec, "The spec of sayRecords()");
  anObject(choices, "The choices of sayRecords()");
  if (Object.keys(choices).length === 0) return spec;
  const said = new Map(Object.entries(choices).map(([ring, choice]) => [ring, saidOf(spec, ring, choice)]));
  const maps = spec.maps.map((map) => {
    const recordSaid = said.get(map.name);
    return recordSaid === undefined ? map : { ...map, recordSaid };
  });
  return makePrintable({ ...spec, maps });
}

const tableChecks: MemberChecks<Exclude<RecordChoice, string | ((bytes: Uint8Array) => unknown)>> = {
  type: aString,
  types: aBtf,
};

function saidOf(spec: CollectionSpec, ring: string, choice: RecordChoice): RecordSaid {
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  const map = rings.find(({ name }) => name === ring);
  if (map === undefined) {
    const names = rings.map(({ name }) => name);
    throw new EbpfError("NOT_FOUND", `Cannot tell the records of ${ring}: ${noRing(ring, names)}`);
  }
  if (typeof choice === "function") return choice;
  const said = typeSaid(spec, ring, choice);
  refuseTooLarge(spec, map, said.btf.nameOf(said.type), said.btf.sizeOf(said.type));
  return said;
}

function typeSaid(
  spec: CollectionSpec,
  ring: string,
  choice: Exclude<RecordChoice, (bytes: Uint8Array) => unknown>,
): { btf: Btf; type: number } {
  if (typeof choice === "string") return namedRecord(spec, ring, choice);
  checkMembers(choice, tableChecks, `What the records of ${ring} are`);
  return typeIn(choice.types, ring, choice.type, "the types that were given have");
}

function noRing(name: string, rings: readonly string[]): string {
  const near = nearName(name, rings);
  if (near !== undefined) return `there is no such ring or perf event array; did you mean ${near}?`;
  return rings.length === 0
    ? "the object has no ring and no perf event array"
    : `there is no such ring or perf event array, but ${rings.join(", ")}`;
}

/** The type of that name in the object: in its BTF, else in its DWARF. */
export function namedRecord(spec: CollectionSpec, ring: string, name: string): { btf: Btf; type: number } {
  const plain = plainName(name);
  const own = spec.btf?.find(plain).find(isRecordKind);
  if (spec.btf !== undefined && own !== undefined) return { btf: spec.btf, type: own.id };
  const fromDwarf = spec.debug?.tryRead((dwarf) => {
    const [type] = dwarf.types.named(plain);
    if (type === undefined) return undefined;
    const candidate = { table: "dwarf", type, by: "spec", certainty: "exact" } as const;
    const tables = new TypeTables(spec.btf, dwarf);
    const id = tables.add(candidate);
    const btf = tables.finish();
    return id !== undefined && btf !== undefined && tables.isSound(btf, id, candidate) ? { btf, type: id } : undefined;
  });
  if (fromDwarf !== undefined) return fromDwarf;
  const near = nearName(plain, [...namesIn(spec.btf), ...(spec.debug?.tryRead((dwarf) => dwarf.types.names()) ?? [])]);
  const where = spec.debug === undefined ? "the object's BTF has" : "the object's BTF and DWARF have";
  throw noType(ring, name, where, near);
}

function typeIn(btf: Btf, ring: string, name: string, where: string): { btf: Btf; type: number } {
  const found = btf.find(plainName(name)).find(isRecordKind);
  if (found === undefined) throw noType(ring, name, where, nearName(plainName(name), namesIn(btf)));
  return { btf, type: found.id };
}

function noType(ring: string, name: string, where: string, near: string | undefined): EbpfError {
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new EbpfError("NOT_FOUND", `Cannot decode records of ${ring} as ${name}: ${where} no such type${hint}`);
}

function plainName(name: string): string {
  return name.replace(/^(struct|union|enum) /, "");
}

function isRecordKind({ kind }: BtfType): boolean {
  return !["fwd", "func", "var", "datasec", "decl_tag", "type_tag", "unknown"].includes(kind);
}

function namesIn(btf: Btf | undefined): string[] {
  const names: string[] = [];
  for (let id = 1; id < (btf?.length ?? 1); id++) {
    const type = btf!.type(id);
    if (isRecordKind(type) && "name" in type && type.name !== "") names.push(type.name);
  }
  return names;
}
