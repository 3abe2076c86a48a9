import { showValue } from "../../base/checks.ts";
import { EbpfError, ValueError } from "../../base/errors.ts";
import { nearName } from "../../base/near-name.ts";
import { essentialName } from "../../btf/core/relocation-kind.ts";
import { makeEncoder } from "../../btf/codec/encoder.ts";
import type { Btf, BtfMember } from "../../btf/types.ts";
import { ProgType } from "../../uapi/uapi.gen.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import { isFunctionPointer } from "./function-pointer.ts";

/**
 * A map of struct_ops with first values of members, by name: what the object's struct says of their types; of functions the name of a program, or
 * null for none. The map stays as it was given.
 */
export function withMembers(spec: CollectionSpec, map: MapSpec, values: Readonly<Record<string, unknown>>): MapSpec {
  const { btf } = spec;
  const type = btf === undefined || map.valueType === 0 ? undefined : btf.resolve(map.valueType);
  if (btf === undefined || type?.kind !== "struct" || map.contents === undefined || map.ops === undefined)
    throw new TypeError(`Cannot set members of map ${map.name}: it is none of struct_ops`);
  const changed = { ...map, contents: map.contents.slice(), ops: [...map.ops] };
  for (const [name, value] of Object.entries(values)) {
    const member = type.members.find((each) => each.name === name);
    if (member === undefined) throw noMember(map, name, type.members);
    if (isFunctionPointer(btf, member.type)) setProgram(spec, changed, name, value);
    else setValue(btf, changed, member, value);
  }
  return changed;
}

type Changed = MapSpec & { readonly contents: Uint8Array };

function setProgram(spec: CollectionSpec, map: MapSpec, member: string, value: unknown): void {
  map.ops = map.ops!.filter((each) => each.member !== member);
  if (value === null) return;
  const known = spec.programs.filter(({ type }) => type === ProgType.STRUCT_OPS).map(({ name }) => name);
  if (typeof value !== "string" || !known.includes(value)) {
    const fit = known.filter((name) => !isOfOthers(spec, map, name));
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot set member ${member} of map ${map.name} to ${showValue(value)}: it takes the name of a struct_ops program (${fit.join(", ") || "the object has none"}), or null`,
    );
  }
  map.ops.push({ member, program: value });
}

/** Whether it is a member of other structs alone. */
function isOfOthers({ btf, maps }: CollectionSpec, map: MapSpec, program: string): boolean {
  const struct = ({ valueType }: MapSpec): string => essentialName(btf!.nameOf(valueType));
  const users = maps.filter(({ ops = [] }) => ops.some((each) => each.program === program));
  return users.length > 0 && users.every((user) => struct(user) !== struct(map));
}

function setValue(btf: Btf, { name, contents }: Changed, member: BtfMember, value: unknown): void {
  const offset = Math.floor(member.bitOffset / 8);
  if (member.bitSize > 0 || offset + btf.sizeOf(member.type) > contents.length)
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot set member ${member.name} of map ${name}: it is a bitfield, or lies outside`,
    );
  const bytes = new Uint8Array(btf.sizeOf(member.type));
  try {
    makeEncoder(btf, member.type).encode(value, new DataView(bytes.buffer), 0);
  } catch (error) {
    if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
    throw new ValueError(`Cannot set member ${member.name} of map ${name}`, { map: name }, error);
  }
  contents.set(bytes, offset);
}

function noMember({ name }: MapSpec, wanted: string, members: readonly BtfMember[]): EbpfError {
  const names = members.map((member) => member.name);
  const near = nearName(wanted, names);
  const hint = near === undefined ? `it has ${names.join(", ")}` : `did you mean ${near}?`;
  return new EbpfError(
    "NOT_FOUND",
    `Cannot set member ${wanted} of map ${name}: its struct has none of that name, ${hint}`,
  );
}
