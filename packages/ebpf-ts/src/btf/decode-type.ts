import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { Kind, flagOf, kindNames, kindOf, recordHeader, vlenOf } from "./btf-kinds.ts";
import type { BtfInt, BtfMember, BtfType } from "./types.ts";

/** One record, decoded. `at` is its offset in the type section. */
export function decodeType(types: ByteView, at: number, id: number, text: (offset: number) => string): BtfType {
  const info = types.u32(at + 4);
  const kind = kindNames[kindOf(info)];
  const flag = flagOf(info);
  const body = at + recordHeader;
  const name = text(types.u32(at));
  if (kind === undefined) return { kind: "unknown", id, name, number: kindOf(info) };
  const sizeOrType = types.u32(at + 8);
  const list = <T>(stride: number, entry: (at: number) => T): T[] => {
    return Array.from({ length: vlenOf(info) }, (_, index) => entry(body + index * stride));
  };
  switch (kind) {
    case "int":
      return decodeInt(id, name, sizeOrType, types.u32(body));
    case "ptr":
    case "volatile":
    case "const":
    case "restrict":
      return { kind, id, type: sizeOrType };
    case "typedef":
    case "type_tag":
      return { kind, id, name, type: sizeOrType };
    case "array":
      return { kind, id, type: types.u32(body), indexType: types.u32(body + 4), length: types.u32(body + 8) };
    case "struct":
    case "union":
      return { kind, id, name, size: sizeOrType, members: list(12, (entry) => member(types, entry, flag, text)) };
    case "enum": {
      const value = (entry: number): number => (flag ? types.i32(entry) : types.u32(entry));
      return {
        kind,
        id,
        name,
        size: sizeOrType,
        signed: flag,
        values: list(8, (e) => ({ name: text(types.u32(e)), value: value(e + 4) })),
      };
    }
    case "enum64": {
      const value = (entry: number): bigint => (flag ? BigInt.asIntN(64, types.u64(entry)) : types.u64(entry));
      return {
        kind,
        id,
        name,
        size: sizeOrType,
        signed: flag,
        values: list(12, (e) => ({ name: text(types.u32(e)), value: value(e + 4) })),
      };
    }
    case "fwd":
      return { kind, id, name, of: flag ? "union" : "struct" };
    case "func":
      return { kind, id, name, type: sizeOrType, linkage: linkage(vlenOf(info), id) };
    case "func_proto":
      return {
        kind,
        id,
        returnType: sizeOrType,
        parameters: list(8, (e) => ({ name: text(types.u32(e)), type: types.u32(e + 4) })),
      };
    case "var":
      return { kind, id, name, type: sizeOrType, linkage: linkage(types.u32(body), id) };
    case "datasec":
      return {
        kind,
        id,
        name,
        size: sizeOrType,
        variables: list(12, (e) => ({ type: types.u32(e), offset: types.u32(e + 4), size: types.u32(e + 8) })),
      };
    case "float":
      return { kind, id, name, size: sizeOrType };
    case "decl_tag":
      return { kind, id, name, type: sizeOrType, componentIndex: types.i32(body) };
    case "void":
      throw new EbpfError("BAD_BTF", `BTF type ${id} has no kind`);
  }
}

/** With the flag, a member's offset word holds the bitfield's width in its upper 8 bits. */
function member(types: ByteView, at: number, flag: boolean, text: (offset: number) => string): BtfMember {
  const word = types.u32(at + 8);
  return {
    name: text(types.u32(at)),
    type: types.u32(at + 4),
    bitOffset: flag ? word & 0xff_ffff : word,
    bitSize: flag ? word >>> 24 : 0,
  };
}

/** GCC calls `char` both signed and a character. */
const encodings: Readonly<Record<number, BtfInt["encoding"]>> = {
  0: "unsigned",
  1: "signed",
  2: "char",
  3: "signed",
  4: "bool",
};

/** Bits 0..7: width, 16..23: offset, 24..31: encoding. */
function decodeInt(id: number, name: string, size: number, word: number): BtfType {
  const encoding = encodings[word >>> 24];
  if (encoding === undefined) return { kind: "unknown", id, name, number: Kind.int };
  return { kind: "int", id, name, size, encoding, bits: word & 0xff, bitOffset: (word >>> 16) & 0xff };
}

function linkage(value: number, id: number): "static" | "global" | "extern" {
  const name = (["static", "global", "extern"] as const)[value];
  if (name === undefined) throw new EbpfError("BAD_BTF", `BTF type ${id} has the unknown linkage ${value}`);
  return name;
}
