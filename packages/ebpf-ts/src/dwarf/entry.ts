import { textAt } from "./cursor.ts";
import { ValueClass } from "./read-form.ts";
import type { CodeAddress, DebugSections } from "./sections.ts";
import type { Unit } from "./unit.ts";

/** A list of locations or ranges, or one expression, as an attribute names it. */
export interface Located {
  /** In `.debug_info` when it is an expression, else in the section of lists. */
  readonly offset: number;
  /** Bytes of the expression; -1 for a list. */
  readonly length: number;
}

/** What knows which entries lie in another. */
interface EntryOwner {
  childrenOf(index: number): Entry[];
}

/** An entry of debug information (DIE): the attributes that matter here. Absent numbers are -1, absent references 0. */
export class Entry {
  readonly offset: number;
  readonly tag: number;
  readonly unit: Unit;
  nameClass: number = ValueClass.NONE;
  nameOffset = 0;
  /** Offsets of other entries. */
  type = 0;
  origin = 0;
  byteSize = -1;
  bitSize = -1;
  bitOffset = -1;
  dataBitOffset = -1;
  memberOffset = -1;
  encoding = -1;
  count = -1;
  constant = 0;
  isDeclaration = false;
  /** Number of the file that it stands in, in the unit's table. */
  declFile = -1;
  lowPc: CodeAddress = -1;
  /** An address, or the distance to it. */
  highPc = -1;
  highIsDistance = false;
  /** Of a list; -1 when there is none. */
  ranges = -1;
  location: Located | undefined = undefined;

  readonly #owner: EntryOwner;
  readonly #index: number;
  #children: readonly Entry[] | undefined;

  constructor(owner: EntryOwner, index: number, offset: number, tag: number, unit: Unit) {
    this.#owner = owner;
    this.#index = index;
    this.offset = offset;
    this.tag = tag;
    this.unit = unit;
  }

  get children(): readonly Entry[] {
    this.#children ??= this.#owner.childrenOf(this.#index);
    return this.#children;
  }

  /** Empty when there is none. */
  name(sections: DebugSections): string {
    switch (this.nameClass) {
      case ValueClass.TEXT:
        return textAt(sections.str.data, this.nameOffset, sections.str.name);
      case ValueClass.LINE_TEXT:
        return textAt(sections.line_str.data, this.nameOffset, sections.line_str.name);
      case ValueClass.INLINE_TEXT:
        return textAt(sections.info.data, this.nameOffset, sections.info.name);
      default:
        return "";
    }
  }
}
