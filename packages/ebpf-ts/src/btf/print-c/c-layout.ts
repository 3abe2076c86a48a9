import { EbpfError } from "../../base/errors.ts";
import { hasValue, resolveType } from "../layout.ts";
import type { Btf, BtfComposite, BtfMember } from "../types.ts";

/** A member as C is to declare it, or bits that nothing has. */
export type LayoutItem =
  | { readonly member: BtfMember; /** 0 when it is no bitfield. */ readonly bits: number }
  | { readonly padding: string; readonly bits: number }
  /** So many bytes that nothing has, and too many for bitfields. */
  | { readonly bytes: number }
  /** What has no size, or lies where something else is. */
  | { readonly leftOut: BtfMember };

/** How C is to declare a struct so that everything lies where the table says. */
export interface CLayout {
  readonly packed: boolean;
  readonly alignment: number;
  readonly items: readonly LayoutItem[];
}

interface Placed {
  readonly member: BtfMember;
  readonly offset: number;
  /** Bits; 0 is no bitfield. */
  readonly width: number;
  readonly size: number;
  readonly alignment: number;
}

const pointerSize = 8;
const deepest = 128;
/** Bits of padding that are written as bitfields, which leave no member behind. */
const mostPadding = 64 * 512;

/** Layouts of all structs of a table, each found once. */
export class CLayouts {
  readonly #btf: Btf;
  readonly #alignments = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  of(type: BtfComposite): CLayout {
    const placed = type.members.map((member) => this.#place(member, 0));
    const packed = isPacked(type, placed);
    const alignment = packed ? 1 : highest(placed);
    const items =
      type.kind === "union" ? unionItems(type, placed, alignment) : structItems(type, placed, packed, alignment);
    return { packed, alignment, items };
  }

  #place(member: BtfMember, depth: number): Placed | { readonly leftOut: BtfMember } {
    if (!hasValue(this.#btf, member.type)) return { leftOut: member };
    const type = resolveType(this.#btf, member.type);
    const size = this.#btf.sizeOf(member.type);
    const alignment = this.#alignment(member.type, depth + 1);
    if (member.bitSize > 0 || type.kind !== "int" || type.bits === size * 8)
      return { member, offset: member.bitOffset, width: member.bitSize, size, alignment };
    // A bitfield of an old compiler: its type says so.
    return { member, offset: member.bitOffset + type.bitOffset, width: type.bits, size, alignment };
  }

  /** That the type has as it is printed. */
  #alignment(id: number, depth: number): number {
    if (depth > deepest) throw new EbpfError("BAD_BTF", `BTF type ${id} is nested too deeply, or contains itself`);
    const type = resolveType(this.#btf, id);
    const known = this.#alignments.get(type.id);
    if (known !== undefined) return known;
    const result = this.#alignmentOf(type, depth);
    this.#alignments.set(type.id, result);
    return result;
  }

  #alignmentOf(type: ReturnType<typeof resolveType>, depth: number): number {
    switch (type.kind) {
      case "array":
        return this.#alignment(type.type, depth + 1);
      case "struct":
      case "union": {
        const placed = type.members.map((member) => this.#place(member, depth));
        return isPacked(type, placed) ? 1 : highest(placed);
      }
      case "float":
        // Without a type of C, bytes.
        return type.size === 4 || type.size === 8 ? type.size : 1;
      case "int":
      case "enum":
      case "enum64":
        return [1, 2, 4, 8, 16].includes(type.size) ? type.size : 1;
      default:
        return pointerSize;
    }
  }
}

function isPlaced(each: Placed | { readonly leftOut: BtfMember }): each is Placed {
  return "member" in each;
}

function highest(all: readonly (Placed | { readonly leftOut: BtfMember })[]): number {
  let most = 1;
  for (const each of all) if (isPlaced(each)) most = Math.max(most, each.alignment);
  return most;
}

/** BTF does not say so: something lies where, or the whole ends where, C would put it only if told. */
function isPacked(type: BtfComposite, all: readonly (Placed | { readonly leftOut: BtfMember })[]): boolean {
  if (type.size % highest(all) !== 0) return true;
  return all.some((each) => {
    if (!isPlaced(each)) return false;
    const unit = each.size * 8;
    return each.width === 0 ? each.offset % (each.alignment * 8) !== 0 : (each.offset % unit) + each.width > unit;
  });
}

const up = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** Where C puts it after so many bits. */
function natural(at: number, each: Placed, packed: boolean): number {
  if (packed) return each.width > 0 ? at : up(at, 8);
  const unit = each.width > 0 ? each.size * 8 : each.alignment * 8;
  if (each.width === 0) return up(at, unit);
  return (at % unit) + each.width > unit ? up(at, unit) : at;
}

function structItems(
  type: BtfComposite,
  all: readonly (Placed | { readonly leftOut: BtfMember })[],
  packed: boolean,
  alignment: number,
): LayoutItem[] {
  const items: LayoutItem[] = [];
  const end = type.size * 8;
  let at = 0;
  for (const each of all) {
    if (!isPlaced(each)) {
      items.push(each);
      continue;
    }
    const length = each.width > 0 ? each.width : each.size * 8;
    if (each.offset < at || each.offset + length > end || (each.width === 0 && each.offset % 8 !== 0)) {
      items.push({ leftOut: each.member });
      continue;
    }
    if (natural(at, each, packed) !== each.offset) items.push(...padding(at, each.offset));
    items.push({ member: each.member, bits: each.width });
    at = each.offset + length;
  }
  if (up(at, alignment * 8) !== end) items.push(...padding(at, end));
  return items;
}

function unionItems(
  type: BtfComposite,
  all: readonly (Placed | { readonly leftOut: BtfMember })[],
  alignment: number,
): LayoutItem[] {
  const items: LayoutItem[] = [];
  let most = 0;
  for (const each of all) {
    const fits = isPlaced(each) && each.offset === 0 && each.size <= type.size;
    if (!fits) {
      items.push({ leftOut: isPlaced(each) ? each.member : each.leftOut });
      continue;
    }
    items.push({ member: each.member, bits: each.width });
    most = Math.max(most, each.width > 0 ? Math.ceil(each.width / 8) : each.size);
  }
  if (up(most, alignment) !== type.size) items.push({ bytes: type.size });
  return items;
}

const units = [
  { bits: 64, type: "unsigned long" },
  { bits: 32, type: "unsigned int" },
  { bits: 16, type: "unsigned short" },
  { bits: 8, type: "unsigned char" },
];

/** From one bit to another: unnamed bitfields, which have no alignment of their own and leave no member in BTF. */
function padding(from: number, to: number): LayoutItem[] {
  const items: LayoutItem[] = [];
  let at = from;
  if (at % 8 !== 0) {
    const bits = Math.min(8 - (at % 8), to - at);
    items.push({ padding: "unsigned char", bits });
    at += bits;
  }
  if (to - at > mostPadding) {
    const bytes = Math.floor((to - at) / 8);
    items.push({ bytes });
    at += bytes * 8;
  }
  while (at < to) {
    const unit = units.find(({ bits }) => at % bits === 0 && to - at >= bits);
    items.push({ padding: unit?.type ?? "unsigned char", bits: unit?.bits ?? to - at });
    at += unit?.bits ?? to - at;
  }
  return items;
}
