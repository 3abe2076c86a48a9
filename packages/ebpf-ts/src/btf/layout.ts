import { EbpfError } from "../base/errors.ts";
import { aBtf, aTypeId } from "./checks/a-btf.ts";
import type { Btf, BtfKind, BtfType } from "./types.ts";

/** Types nest a few levels; the kernel refuses more than 32. Beyond this it is a cycle. */
const maxDepth = 128;
const pointerSize = 8;

function tooDeep(id: number): EbpfError {
  return new EbpfError("BAD_BTF", `BTF type ${id} is nested too deeply, or contains itself`);
}

/** Kinds that can be the type of a value, before typedefs and qualifiers are followed. */
export const valueKinds: ReadonlySet<BtfKind> = new Set<BtfKind>([
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "enum64",
  "float",
  "typedef",
  "const",
  "volatile",
  "restrict",
  "type_tag",
]);

/**
 * Whether there are values of the type, with a size that can be told: none of `void`, a function, a forward declaration, an enum
 * that was only declared, or arrays of them. Compilers write 0 for what BTF has no kind for, such as complex numbers.
 */
export function hasValue(btf: Btf, id: number): boolean {
  aBtf(btf, "The types of hasValue()");
  aTypeId(id, "The type of hasValue()");
  try {
    const { kind } = resolveType(btf, id);
    if (!valueKinds.has(kind)) return false;
    sizeOfType(btf, id);
    return true;
  } catch (error) {
    if (error instanceof EbpfError) return false;
    throw error;
  }
}

/** Follows typedefs, qualifiers and type tags. */
export function resolveType(btf: Btf, id: number): BtfType {
  let type = btf.type(id);
  for (let depth = 0; depth < maxDepth; depth++) {
    switch (type.kind) {
      case "typedef":
      case "volatile":
      case "const":
      case "restrict":
      case "type_tag":
        type = btf.type(type.type);
        break;
      default:
        return type;
    }
  }
  throw tooDeep(id);
}

/** Bytes that a value of the type takes. */
export function sizeOfType(btf: Btf, id: number): number {
  let count = 1;
  let type = resolveType(btf, id);
  for (let depth = 0; depth < maxDepth; depth++) {
    if (type.kind === "array") {
      count *= type.length;
      type = resolveType(btf, type.type);
    } else if (type.kind === "var") {
      type = resolveType(btf, type.type);
    } else {
      const size = count * ownSize(btf, type);
      if (size > 0xffff_ffff) throw new EbpfError("BAD_BTF", `BTF type ${id} is larger than 4 GiB`);
      return size;
    }
  }
  throw tooDeep(id);
}

function ownSize(btf: Btf, type: BtfType): number {
  switch (type.kind) {
    case "ptr":
      return pointerSize;
    case "struct":
    case "union":
    case "datasec":
      return type.size;
    case "int":
    case "enum":
    case "enum64":
    case "float":
      if (type.size > 0) return type.size;
      break;
    default:
  }
  throw new EbpfError("BAD_BTF", `BTF type ${type.id} (${btf.nameOf(type.id)}) has no size`);
}

/**
 * The alignment that C gives the type on a 64-bit target. BTF does not record it: a struct is taken to be packed when
 * its size or one of its offsets says so.
 */
export function alignOf(btf: Btf, id: number): number {
  aBtf(btf, "The types of alignOf()");
  aTypeId(id, "The type of alignOf()");
  return alignment(btf, id, new Map(), 0);
}

function alignment(btf: Btf, id: number, known: Map<number, number>, depth: number): number {
  if (depth > maxDepth) throw tooDeep(id);
  const seen = known.get(id);
  if (seen !== undefined) return seen;
  const result = alignmentOf(btf, resolveType(btf, id), known, depth + 1);
  known.set(id, result);
  return result;
}

function alignmentOf(btf: Btf, type: BtfType, known: Map<number, number>, depth: number): number {
  switch (type.kind) {
    case "array":
    case "var":
      return alignment(btf, type.type, known, depth);
    case "struct":
    case "union": {
      let most = 1;
      for (const member of type.members) {
        if (!hasValue(btf, member.type)) continue;
        const own = alignment(btf, member.type, known, depth);
        if (member.bitSize === 0 && member.bitOffset % (own * 8) !== 0) return 1;
        most = Math.max(most, own);
      }
      return type.size % most === 0 ? most : 1;
    }
    case "datasec":
      return pointerSize;
    default:
      return Math.min(Math.max(ownSize(btf, type), 1), 16);
  }
}
