import type { ScalarPlan } from "../btf/codec/plan.ts";
import type { ColumnPlan } from "./column-plan.ts";
import type { ColumnOptions, NumberColumn } from "./column-types.ts";
import { TextColumn } from "./text-column.ts";

/** How integers of more than 32 bits are shown. */
export type Wide = NonNullable<ColumnOptions["wide"]>;

/** Bytes of the elements, and how a record's bytes become one. */
export type Storing =
  | { readonly as: "number"; readonly make: NumberArray }
  /** 64 bits as two halves, also where they are shown as bigints. */
  | { readonly as: "halves"; readonly signed: boolean }
  /** 64 bits as the nearest number. */
  | { readonly as: "nearest"; readonly signed: boolean };

type NumberArray = new (length: number) => NumberColumn;

const integers = {
  1: [Uint8Array, Int8Array],
  2: [Uint16Array, Int16Array],
  4: [Uint32Array, Int32Array],
} as const;

export function storingOf(item: ScalarPlan, wide: Wide): Storing {
  switch (item.op) {
    case "int":
      return { as: "number", make: integers[item.size][item.signed ? 1 : 0] };
    case "bool":
      return { as: "number", make: Uint8Array };
    case "float":
      return { as: "number", make: item.size === 4 ? Float32Array : Float64Array };
    case "bits":
      if (item.bool) return { as: "number", make: Uint8Array };
      if (item.width <= 32) return { as: "number", make: integers[4][item.signed ? 1 : 0] };
      break;
    case "big":
      break;
  }
  return { as: wide === "number" ? "nearest" : "halves", signed: item.signed };
}

/** The memory of one column, for as many rows as there is room for. */
export interface ColumnMemory {
  /** What is written to: elements, or the bytes of texts. */
  readonly stored: NumberColumn;
  /** Of texts: where each row begins, and the last one ends. */
  readonly offsets: Int32Array | undefined;
  /** What the first `rows` are to the user. */
  show(rows: number): unknown;
}

/** With room for `rows` of them, and what is in the first ones of `before`. */
export function columnMemory(column: ColumnPlan, wide: Wide, rows: number, before?: ColumnMemory): ColumnMemory {
  const made = make(column, wide, rows);
  if (before === undefined) return made;
  made.stored.set(before.stored as Uint8Array);
  if (before.offsets !== undefined) made.offsets?.set(before.offsets);
  return made;
}

function make({ item, count }: ColumnPlan, wide: Wide, rows: number): ColumnMemory {
  if (item.op === "text") {
    const stored = new Uint8Array(rows * item.size);
    const offsets = new Int32Array(rows + 1);
    const show = (shown: number): TextColumn =>
      new TextColumn(offsets.subarray(0, shown + 1), stored.subarray(0, offsets[shown]));
    return { stored, offsets, show };
  }
  const storing = storingOf(item, wide);
  const elements = rows * count;
  if (storing.as === "halves") {
    const stored = new Int32Array(2 * elements);
    const shown = showWide(stored, wide, storing.signed);
    const each = wide === "bigint" ? count : 2 * count;
    return { stored, offsets: undefined, show: (shownRows) => shown.subarray(0, shownRows * each) };
  }
  const stored = storing.as === "number" ? new storing.make(elements) : new Float64Array(elements);
  return { stored, offsets: undefined, show: (shownRows) => stored.subarray(0, shownRows * count) };
}

function showWide({ buffer }: Int32Array, wide: Wide, signed: boolean): BigInt64Array | BigUint64Array | Uint32Array {
  if (wide === "halves") return new Uint32Array(buffer);
  return signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
}
