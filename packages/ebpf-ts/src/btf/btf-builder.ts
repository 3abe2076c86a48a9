import { list, membersOf, u32 } from "../base/check-members.ts";
import { anObject, aString, aUint8Array, showValue } from "../base/checks.ts";
import { Kind, largestVlen } from "./btf-kinds.ts";
import { checkNewType } from "./checks/new-type.ts";
import { btfMagic } from "./parse-btf.ts";
import type { BtfInt, BtfMember, BtfType, NewBtfType } from "./types.ts";

const headerLength = 24;
const linkages = ["static", "global", "extern"] as const;
const encodings = { unsigned: 0, signed: 1, char: 2, bool: 4 } as const;

const someMembers = list(
  membersOf<{ name: string; type: number; offset: number }>({ name: aString, type: u32, offset: u32 }),
);

/** Writes raw BTF: every type gets the next id, beginning with 1. A type may refer to ids that come later. */
export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #text: number[];
  readonly #offsets = new Map<string, number>([["", 0]]);
  #nextId = 1;

  /** `strings`: a string section to go on from, so that offsets into it stay valid. */
  constructor(strings: Uint8Array = Uint8Array.of(0)) {
    aUint8Array(strings, "The strings of BtfBuilder");
    this.#text = Array.from(strings);
  }

  /** The id that the next type gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Adds an integer type of so many bytes; gives its id, as all of these do. */
  int(name: string, size: number, encoding: BtfInt["encoding"] = "unsigned"): number {
    u32(size, `The size of int ${showValue(name)}`);
    return this.add({ kind: "int", name, size, encoding, bits: size * 8, bitOffset: 0 });
  }

  /** Adds a pointer to a type. */
  pointer(type: number): number {
    return this.add({ kind: "ptr", type });
  }

  /** Adds an array of `length` elements. The index type is one that nobody looks at. */
  array(type: number, length: number, indexType: number = type): number {
    return this.add({ kind: "array", type, indexType, length });
  }

  /** Adds another name of a type. */
  typedef(name: string, type: number): number {
    return this.add({ kind: "typedef", name, type });
  }

  /** Members are given in bytes; for bitfields use {@link add}. */
  struct(
    name: string,
    size: number,
    members: readonly { readonly name: string; readonly type: number; readonly offset: number }[],
  ): number {
    someMembers(members, `The members of struct ${showValue(name)}`);
    return this.add({
      kind: "struct",
      name,
      size,
      members: members.map((m) => ({ name: m.name, type: m.type, bitOffset: m.offset * 8, bitSize: 0 })),
    });
  }

  /** Adds an enumeration of 4 bytes; signed when a value is negative. */
  enum(name: string, values: Readonly<Record<string, number>>): number {
    anObject(values, `The values of enum ${showValue(name)}`);
    const entries = Object.entries(values).map(([label, value]) => ({ name: label, value }));
    return this.add({ kind: "enum", name, size: 4, signed: entries.some(({ value }) => value < 0), values: entries });
  }

  /** Adds any type, in the form that parsing gives it back. Returns its id. */
  add(type: NewBtfType): number {
    checkNewType(type);
    switch (type.kind) {
      case "int":
        this.#record(type.kind, type.name, 0, false, type.size, [
          (encodings[type.encoding] << 24) | (type.bitOffset << 16) | type.bits,
        ]);
        break;
      case "ptr":
      case "const":
      case "volatile":
      case "restrict":
        this.#record(type.kind, "", 0, false, type.type);
        break;
      case "typedef":
      case "type_tag":
        this.#record(type.kind, type.name, 0, false, type.type);
        break;
      case "array":
        this.#record(type.kind, "", 0, false, 0, [type.type, type.indexType, type.length]);
        break;
      case "struct":
      case "union": {
        const bits = type.members.some((member) => member.bitSize !== 0);
        const words = type.members.flatMap((member) => [
          this.#string(member.name),
          member.type,
          memberWord(member, bits),
        ]);
        this.#record(type.kind, type.name, type.members.length, bits, type.size, words);
        break;
      }
      case "enum": {
        const words = type.values.flatMap(({ name, value }) => [this.#string(name), value]);
        this.#record(type.kind, type.name, type.values.length, type.signed, type.size, words);
        break;
      }
      case "enum64": {
        const words = type.values.flatMap(({ name, value }) => [
          this.#string(name),
          Number(value & 0xffff_ffffn),
          Number((value >> 32n) & 0xffff_ffffn),
        ]);
        this.#record(type.kind, type.name, type.values.length, type.signed, type.size, words);
        break;
      }
      case "fwd":
        this.#record(type.kind, type.name, 0, type.of === "union", 0);
        break;
      case "func":
        this.#record(type.kind, type.name, linkages.indexOf(type.linkage), false, type.type);
        break;
      case "func_proto": {
        const words = type.parameters.flatMap((parameter) => [this.#string(parameter.name), parameter.type]);
        this.#record(type.kind, "", type.parameters.length, false, type.returnType, words);
        break;
      }
      case "var":
        this.#record(type.kind, type.name, 0, false, type.type, [linkages.indexOf(type.linkage)]);
        break;
      case "datasec": {
        const words = type.variables.flatMap((variable) => [variable.type, variable.offset, variable.size]);
        this.#record(type.kind, type.name, type.variables.length, false, type.size, words);
        break;
      }
      case "float":
        this.#record(type.kind, type.name, 0, false, type.size);
        break;
      case "decl_tag":
        this.#record(type.kind, type.name, 0, false, type.type, [type.componentIndex]);
        break;
      default:
        throw unknownKind(type);
    }
    return this.#nextId - 1;
  }

  /** The section, for {@link parseBtf} or the kernel. More types may be added later. */
  bytes(): Uint8Array {
    const typesLength = this.#words.length * 4;
    const bytes = new Uint8Array(headerLength + typesLength + this.#text.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, btfMagic, true);
    view.setUint8(2, 1);
    const header = [headerLength, 0, typesLength, typesLength, this.#text.length];
    [...header, ...this.#words].forEach((word, index) => view.setUint32(4 + index * 4, word, true));
    bytes.set(this.#text, headerLength + typesLength);
    return bytes;
  }

  #record(
    kind: keyof typeof Kind,
    name: string,
    vlen: number,
    flag: boolean,
    sizeOrType: number,
    rest: readonly number[] = [],
  ): void {
    if (vlen > largestVlen) throw new RangeError(`A BTF type holds at most ${largestVlen} entries, not ${vlen}`);
    this.#words.push(this.#string(name), ((flag ? 0x8000_0000 : 0) | (Kind[kind] << 24) | vlen) >>> 0, sizeOrType);
    for (const word of rest) this.#words.push(word);
    this.#nextId += 1;
  }

  #string(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    for (const byte of encoder.encode(text)) this.#text.push(byte);
    this.#text.push(0);
    this.#offsets.set(text, offset);
    return offset;
  }
}

const encoder = new TextEncoder();

/** Where any member is a bitfield, all offset words hold a width. */
function memberWord(member: BtfMember, bits: boolean): number {
  return bits ? ((member.bitSize << 24) | member.bitOffset) >>> 0 : member.bitOffset;
}

/** The compiler lets no kind pass that is left out above. */
function unknownKind(type: never): TypeError {
  return new TypeError(
    `A type to add to BTF must be of a kind that is known, not ${showValue((type as BtfType | undefined)?.kind)}`,
  );
}
