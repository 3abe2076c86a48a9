import type { Btf, BtfMember, BtfType } from "ebpf-ts/btf";
import { jsonText } from "../output/json.ts";

/** Types as `bpftool -j btf dump` prints them, piece by piece: a kernel has more than one string should hold. */
export function* btfJson(btf: Btf, first: number): Generator<string, undefined> {
  yield '{"types":[';
  for (let id = first; id < btf.length; id += 1) yield `${id === first ? "" : ","}${typeJson(btf.type(id))}`;
  yield "]}\n";
}

type Facts = readonly (readonly [name: string, value: string])[];

function typeJson(type: BtfType): string {
  return object([
    ["id", String(type.id)],
    ["kind", jsonText(type.kind.toUpperCase())],
    ["name", nameJson("name" in type ? type.name : "")],
    ...factsOf(type),
  ]);
}

/** By hand: JSON.stringify has no numbers of 64 bits. */
function object(facts: Facts): string {
  return `{${facts.map(([name, value]) => `"${name}":${value}`).join(",")}}`;
}

function list<T>(name: string, values: readonly T[], facts: (value: T) => Facts): Facts {
  return [
    ["vlen", String(values.length)],
    [name, `[${values.map((value) => object(facts(value))).join(",")}]`],
  ];
}

const nameJson = (name: string): string => jsonText(name === "" ? "(anon)" : name);
const number = (name: string, value: number | bigint): Facts[number] => [name, String(value)];

const encodings = { unsigned: "(none)", signed: "SIGNED", char: "CHAR", bool: "BOOL" } as const;

function factsOf(type: BtfType): Facts {
  switch (type.kind) {
    case "int":
      return [
        number("size", type.size),
        number("bits_offset", type.bitOffset),
        number("nr_bits", type.bits),
        ["encoding", jsonText(encodings[type.encoding])],
      ];
    case "ptr":
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
    case "type_tag":
      return [number("type_id", type.type)];
    case "array":
      return [number("type_id", type.type), number("index_type_id", type.indexType), number("nr_elems", type.length)];
    case "struct":
    case "union":
      return [number("size", type.size), ...list("members", type.members, memberFacts)];
    case "enum":
    case "enum64":
      return [
        ["encoding", jsonText(type.signed ? "SIGNED" : "UNSIGNED")],
        number("size", type.size),
        ...list<{ readonly name: string; readonly value: number | bigint }>("values", type.values, (each) => [
          ["name", nameJson(each.name)],
          number("val", each.value),
        ]),
      ];
    case "fwd":
      return [["fwd_kind", jsonText(type.of)]];
    case "func":
    case "var":
      return [number("type_id", type.type), ["linkage", jsonText(type.linkage)]];
    case "func_proto":
      return [
        number("ret_type_id", type.returnType),
        ...list("params", type.parameters, (each) => [["name", nameJson(each.name)], number("type_id", each.type)]),
      ];
    case "datasec":
      return [
        number("size", type.size),
        ...list("vars", type.variables, (each) => [
          number("type_id", each.type),
          number("offset", each.offset),
          number("size", each.size),
        ]),
      ];
    case "float":
      return [number("size", type.size)];
    case "decl_tag":
      return [number("type_id", type.type), number("component_idx", type.componentIndex)];
    default:
      return [];
  }
}

function memberFacts({ name, type, bitOffset, bitSize }: BtfMember): Facts {
  const facts = [["name", nameJson(name)] as const, number("type_id", type), number("bits_offset", bitOffset)];
  return bitSize === 0 ? facts : [...facts, number("bitfield_size", bitSize)];
}
