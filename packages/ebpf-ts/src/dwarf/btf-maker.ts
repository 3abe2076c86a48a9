import type { BtfBuilder } from "../btf/btf-builder.ts";
import type { Btf, BtfMember, NewBtfType } from "../btf/types.ts";
import { badDwarf } from "./budget.ts";
import { Encoding, Tag } from "./constants.ts";
import type { Entry } from "./entry.ts";
import type { DwarfTypes } from "./types.ts";

/** As the kernel: no name, member or type nests deeper in an honest object. */
const deepest = 64;
/** Bytes that a number can have. */
const numberSizes: ReadonlySet<number> = new Set([1, 2, 4, 8, 16]);
/** What the words of BTF hold. */
const mostMembers = 0xffff;
const largestBitfieldOffset = 0xff_ffff;
const largest = 0xffff_ffff;

/**
 * Writes types of debug information as BTF, so that whoever reads BTF can read them. What pointers point to is not laid out: its name is
 * kept, for it is not part of a value.
 */
export class BtfMaker {
  readonly #types: DwarfTypes;
  readonly #builder: BtfBuilder;
  /** Ids, by the offset of the entry; those that are only named are apart. */
  readonly #whole = new Map<number, number>();
  readonly #named = new Map<number, number>();

  #index: number | undefined;
  /** Structs and unions with a name, by what they look like: units have copies of them. */
  readonly #known = new Map<string, number>();

  /** `own` is what the builder holds already. */
  constructor(types: DwarfTypes, builder: BtfBuilder, own?: Btf) {
    this.#types = types;
    this.#builder = builder;
    for (let id = 1; id < (own?.length ?? 1); id++) {
      const type = own!.type(id);
      if ((type.kind !== "struct" && type.kind !== "union") || type.name === "") continue;
      const members = type.members.map((member) => `${member.name}@${member.bitOffset}`);
      this.#known.set(looksOf(type.kind, type.name, type.size, members), id);
    }
  }

  /** The id of the type. Throws `EbpfError` BAD_OBJECT when it is broken, or none that BTF has. */
  add(type: number): number {
    return this.#add(type, 0);
  }

  #add(type: number, depth: number): number {
    const known = this.#whole.get(type);
    if (known !== undefined) return known;
    if (depth > deepest) throw badDwarf("a type contains itself, or is nested too deeply");
    const entry = this.#types.entry(type);
    const id = entry === undefined ? 0 : this.#addEntry(entry, depth + 1);
    this.#whole.set(type, id);
    return id;
  }

  #addEntry(entry: Entry, depth: number): number {
    const builder = this.#builder;
    const name = entry.name(this.#types.sections);
    switch (entry.tag) {
      case Tag.BASE:
        return builder.add(baseType(entry, name));
      case Tag.POINTER:
      case Tag.REFERENCE:
        return builder.pointer(this.#addName(entry.type, 0));
      case Tag.CONST:
        return builder.add({ kind: "const", type: this.#add(entry.type, depth) });
      case Tag.VOLATILE:
        return builder.add({ kind: "volatile", type: this.#add(entry.type, depth) });
      case Tag.RESTRICT:
        return builder.add({ kind: "restrict", type: this.#add(entry.type, depth) });
      case Tag.ATOMIC:
        return this.#add(entry.type, depth);
      case Tag.TYPEDEF:
        return builder.typedef(name, this.#add(entry.type, depth));
      case Tag.ARRAY:
        return this.#addArray(entry, depth);
      case Tag.ENUMERATION:
        return this.#addEnum(entry, name);
      case Tag.STRUCTURE:
      case Tag.CLASS:
      case Tag.UNION:
        return this.#addComposite(entry, name, depth);
      case Tag.SUBROUTINE_TYPE:
        return builder.add({ kind: "func_proto", returnType: 0, parameters: [] });
      default:
        return 0;
    }
  }

  /** A type that a pointer points to, by its name alone. */
  #addName(type: number, depth: number): number {
    const known = this.#named.get(type);
    if (known !== undefined) return known;
    const entry = this.#types.entry(type);
    const id = entry === undefined || depth > deepest ? 0 : this.#nameEntry(entry, depth + 1);
    this.#named.set(type, id);
    return id;
  }

  #nameEntry(entry: Entry, depth: number): number {
    const builder = this.#builder;
    switch (entry.tag) {
      case Tag.STRUCTURE:
      case Tag.CLASS:
      case Tag.UNION: {
        const name = entry.name(this.#types.sections);
        const of = entry.tag === Tag.UNION ? "union" : "struct";
        return name === "" ? 0 : builder.add({ kind: "fwd", name, of });
      }
      case Tag.POINTER:
      case Tag.REFERENCE:
        return builder.pointer(this.#addName(entry.type, depth));
      case Tag.CONST:
        return builder.add({ kind: "const", type: this.#addName(entry.type, depth) });
      case Tag.VOLATILE:
      case Tag.RESTRICT:
      case Tag.ATOMIC:
      case Tag.TYPEDEF:
        return this.#addName(entry.type, depth);
      case Tag.BASE:
        return this.#add(entry.offset, 0);
      case Tag.SUBROUTINE_TYPE:
        return this.#add(entry.offset, 0);
      default:
        return 0;
    }
  }

  #addArray(entry: Entry, depth: number): number {
    let id = this.#add(entry.type, depth);
    const dimensions = this.#types.dimensionsOf(entry);
    for (const length of dimensions.toReversed()) {
      if (length > largest) throw badDwarf("an array is larger than 4 GiB");
      id = this.#builder.array(id, length, this.#indexType());
    }
    return id;
  }

  /** Nobody looks at it, but it must be a number. */
  #indexType(): number {
    this.#index ??= this.#builder.int("__ARRAY_SIZE_TYPE__", 4);
    return this.#index;
  }

  #addEnum(entry: Entry, name: string): number {
    const size = entry.byteSize > 0 ? entry.byteSize : 4;
    if (size > 8 || !numberSizes.has(size)) throw badDwarf(`the enum ${name} has ${size} bytes`);
    // Numbers that are not exact are left out: such a value is shown as a number.
    const members = entry.children
      .filter(({ tag, constant }) => tag === Tag.ENUMERATOR && Number.isSafeInteger(constant))
      .slice(0, mostMembers);
    const values = members.map((member) => ({ name: member.name(this.#types.sections), constant: member.constant }));
    const signed = values.some(({ constant }) => constant < 0);
    if (size === 8) {
      const wide = values.map((value) => ({ name: value.name, value: BigInt(value.constant) }));
      return this.#builder.add({ kind: "enum64", name, size, signed, values: wide });
    }
    const narrow = values.map((value) => ({ name: value.name, value: value.constant | 0 }));
    return this.#builder.add({ kind: "enum", name, size, signed, values: narrow });
  }

  #addComposite(entry: Entry, name: string, depth: number): number {
    const kind = entry.tag === Tag.UNION ? "union" : "struct";
    if (entry.isDeclaration || entry.byteSize < 0) return this.#builder.add({ kind: "fwd", name, of: kind });
    const fields = entry.children.filter(({ tag }) => tag === Tag.MEMBER);
    const text = (member: Entry): string => `${member.name(this.#types.sections)}@${this.#bitOffsetOf(member)}`;
    const looks = looksOf(kind, name, entry.byteSize, fields.map(text));
    const same = name === "" ? undefined : this.#known.get(looks);
    if (same !== undefined) return same;
    const members = fields.map((member) => this.#member(member, depth));
    if (entry.byteSize > largest || members.length > mostMembers) throw badDwarf(`${kind} ${name} is too large`);
    const bitfields = members.some(({ bitSize }) => bitSize !== 0);
    if (bitfields && members.some(({ bitOffset }) => bitOffset > largestBitfieldOffset))
      throw badDwarf(`${kind} ${name} has bitfields where BTF has none`);
    const id = this.#builder.add({ kind, name, size: entry.byteSize, members });
    this.#known.set(looks, id);
    return id;
  }

  #member(member: Entry, depth: number): BtfMember {
    const type = this.#add(member.type, depth);
    const name = member.name(this.#types.sections);
    const bitSize = Math.max(member.bitSize, 0);
    const bitOffset = this.#bitOffsetOf(member);
    if (bitSize > 0xff || !(bitOffset >= 0 && bitOffset <= largest)) throw badDwarf(`member ${name} is out of place`);
    return { name, type, bitOffset, bitSize };
  }

  #bitOffsetOf(member: Entry): number {
    if (member.dataBitOffset >= 0) return member.dataBitOffset;
    const start = Math.max(member.memberOffset, 0) * 8;
    if (member.bitSize < 0 || member.bitOffset < 0) return start;
    // Before DWARF 4 bits were counted from the most significant one of the storage unit.
    const storage = member.byteSize >= 0 ? member.byteSize : (this.#types.sizeOf(member.type) ?? 0);
    return start + storage * 8 - member.bitOffset - member.bitSize;
  }
}

function looksOf(kind: string, name: string, size: number, members: readonly string[]): string {
  return `${kind} ${name} ${size} ${members.join()}`;
}

function baseType(entry: Entry, name: string): NewBtfType {
  const size = entry.byteSize;
  if (!numberSizes.has(size)) throw badDwarf(`the type ${name} has ${size} bytes`);
  if (entry.encoding === Encoding.FLOAT || entry.encoding === Encoding.COMPLEX_FLOAT)
    return { kind: "float", name, size };
  return { kind: "int", name, size, encoding: encodingOf(entry), bits: size * 8, bitOffset: 0 };
}

function encodingOf({ encoding }: Entry): "bool" | "signed" | "unsigned" {
  if (encoding === Encoding.BOOLEAN) return "bool";
  return encoding === Encoding.SIGNED || encoding === Encoding.SIGNED_CHAR ? "signed" : "unsigned";
}
