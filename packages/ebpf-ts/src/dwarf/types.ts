import { badDwarf } from "./budget.ts";
import { Tag } from "./constants.ts";
import type { Entry } from "./entry.ts";
import type { Entries } from "./read-entries.ts";
import type { DebugSections } from "./sections.ts";

const qualifiers: ReadonlySet<number> = new Set([Tag.CONST, Tag.VOLATILE, Tag.RESTRICT, Tag.ATOMIC]);
const composites: ReadonlySet<number> = new Set([Tag.STRUCTURE, Tag.UNION, Tag.CLASS]);

const named: ReadonlySet<number> = new Set([...composites, Tag.ENUMERATION, Tag.TYPEDEF]);

/** No type nests deeper, unless it goes in circles. */
const deepest = 64;
const pointerSize = 8;

/** A part of a type: where it begins in it, in bytes. */
export interface TypePart {
  /** Offset of its entry. */
  readonly type: number;
  readonly offset: number;
}

/** Questions about types of debug information, each named by its entry's offset; 0 is `void`. */
export class DwarfTypes {
  readonly sections: DebugSections;
  readonly #entries: Entries;
  readonly #sizes = new Map<number, number | undefined>();

  constructor(sections: DebugSections, entries: Entries) {
    this.sections = sections;
    this.#entries = entries;
  }

  /** Undefined for `void`, and for types that are elsewhere. */
  entry(type: number): Entry | undefined {
    this.sections.budget.spend(1);
    return type === 0 ? undefined : this.#entries.at(type);
  }

  /** What says the name and the type of a concrete variable, or of something declared before. */
  originOf(entry: Entry): Entry {
    let described = entry;
    for (let steps = 0; described.origin !== 0 && described.type === 0; steps++) {
      const origin = this.entry(described.origin);
      if (origin === undefined) break;
      if (steps > deepest) throw badDwarf("an entry is its own origin");
      described = origin;
    }
    return described;
  }

  /** Without typedefs and qualifiers. */
  resolve(type: number): Entry | undefined {
    return this.#follow(type, (tag) => tag === Tag.TYPEDEF || qualifiers.has(tag));
  }

  /** Without qualifiers alone: a typedef may be the only name that the type has. */
  withoutQualifiers(type: number): number {
    return this.#follow(type, (tag) => qualifiers.has(tag))?.offset ?? 0;
  }

  #follow(type: number, through: (tag: number) => boolean): Entry | undefined {
    let entry = this.entry(type);
    for (let steps = 0; entry !== undefined && through(entry.tag); steps++) {
      if (steps > deepest) throw badDwarf("a type is another name of itself");
      entry = this.entry(entry.type);
    }
    return entry;
  }

  /** What a pointer points to, without qualifiers; undefined when it is none, or one to `void`. */
  pointee(type: number): number | undefined {
    const pointer = this.resolve(type);
    if (pointer?.tag !== Tag.POINTER && pointer?.tag !== Tag.REFERENCE) return undefined;
    return this.withoutQualifiers(pointer.type) || undefined;
  }

  isComposite(type: number): boolean {
    const entry = this.resolve(type);
    return entry !== undefined && composites.has(entry.tag);
  }

  /** Whether it has parts: a struct, a union, or an array. */
  hasParts(type: number): boolean {
    return this.isComposite(type) || this.resolve(type)?.tag === Tag.ARRAY;
  }

  /** Bytes; undefined where there is no size: `void`, a function, what is declared alone. */
  sizeOf(type: number): number | undefined {
    if (this.#sizes.has(type)) return this.#sizes.get(type);
    const size = this.#size(type, 0);
    this.#sizes.set(type, size);
    return size;
  }

  /** A type that contains itself has none. */
  #size(type: number, depth: number): number | undefined {
    if (depth > deepest) return undefined;
    const entry = this.resolve(type);
    if (entry === undefined || entry.isDeclaration) return undefined;
    switch (entry.tag) {
      case Tag.POINTER:
      case Tag.REFERENCE:
        return pointerSize;
      case Tag.ARRAY: {
        const element = this.#size(entry.type, depth + 1);
        return element === undefined ? undefined : element * this.lengthOf(entry);
      }
      case Tag.SUBROUTINE_TYPE:
        return undefined;
      default:
        return entry.byteSize >= 0 ? entry.byteSize : undefined;
    }
  }

  /** Elements of all dimensions of an array; one without a length has none. */
  lengthOf(array: Entry): number {
    return this.dimensionsOf(array).reduce((product, length) => product * length, 1);
  }

  dimensionsOf(array: Entry): number[] {
    return array.children.filter(({ tag }) => tag === Tag.SUBRANGE).map(({ count }) => Math.max(count, 0));
  }

  /**
   * What begins at an offset in the type, outermost first, the type itself among them. An unknown offset (NaN) is that of any element of any
   * array in it.
   */
  partsAt(type: number, offset: number): TypePart[] {
    const parts: TypePart[] = [];
    this.#addParts(type, offset, 0, parts);
    return parts;
  }

  #addParts(type: number, wanted: number, depth: number, parts: TypePart[]): void {
    const entry = this.resolve(type);
    if (entry === undefined || depth > deepest) return;
    if (wanted === 0 || Number.isNaN(wanted)) parts.push({ type: this.withoutQualifiers(type), offset: 0 });
    if (entry.tag === Tag.ARRAY) {
      const size = this.sizeOf(entry.type) ?? 0;
      const isInside = Number.isNaN(wanted) || (size > 0 && wanted < size * this.lengthOf(entry));
      if (isInside) this.#addParts(entry.type, Number.isNaN(wanted) ? wanted : wanted % size, depth + 1, parts);
    } else if (composites.has(entry.tag)) {
      for (const member of entry.children) {
        if (member.tag !== Tag.MEMBER) continue;
        const start = Math.max(member.memberOffset, 0);
        const size = this.sizeOf(member.type) ?? 0;
        if (Number.isNaN(wanted)) this.#addParts(member.type, wanted, depth + 1, parts);
        else if (wanted >= start && wanted < start + size)
          this.#addParts(member.type, wanted - start, depth + 1, parts);
      }
    }
  }

  /** Whether the second is the first member of the first, or of its first member, and so on. */
  beginsWith(type: number, inner: number): boolean {
    const wanted = this.resolve(inner)?.offset;
    return this.partsAt(type, 0).some((part, index) => index > 0 && this.resolve(part.type)?.offset === wanted);
  }

  /** Structs, unions, enums and typedefs of that name. */
  named(name: string): number[] {
    return [...this.#namedEntries()].filter((entry) => entry.name(this.sections) === name).map(({ offset }) => offset);
  }

  /** Structs and unions with a name, of a size in bytes, that stand in the same file as another entry. */
  compositesBeside(entry: Entry, size: number): number[] {
    const { unit, declFile } = this.#declared(entry);
    if (declFile < 0) return [];
    return [...this.#namedEntries()]
      .filter((each) => composites.has(each.tag) && each.byteSize === size)
      .filter((each) => each.unit === unit && each.declFile === declFile)
      .map(({ offset }) => offset);
  }

  /** Where a function of which this is a copy stands in the source. */
  #declared(entry: Entry): Entry {
    let declared: Entry | undefined = entry;
    for (let steps = 0; declared !== undefined && steps < deepest; steps++) {
      if (declared.declFile >= 0 || declared.origin === 0) return declared;
      declared = this.entry(declared.origin);
    }
    return entry;
  }

  allNamed(): number[] {
    return [...this.#namedEntries()].map(({ offset }) => offset);
  }

  names(): string[] {
    return [...new Set([...this.#namedEntries()].map((entry) => entry.name(this.sections)))];
  }

  *#namedEntries(): Generator<Entry> {
    for (const entry of this.#entries.withTags(named)) {
      if (!entry.isDeclaration && entry.nameClass !== 0) yield entry;
    }
  }
}
