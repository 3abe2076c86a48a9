import type { ScalarFormat } from "./scalar-format.ts";

/**
 * What stands in memory, as far as a live view needs to know: made from BTF by whoever knows BTF (map/memory-shape.ts).
 * Offsets and sizes are bytes.
 */
export type Shape = ScalarShape | LeafShape | StructShape | ArrayShape;

/** A number as the hardware has it. Where it is aligned, it is read and written in one access. */
export interface ScalarShape {
  readonly kind: "scalar";
  readonly size: number;
  readonly format: ScalarFormat;
  /** Of floats: a copy of what is no number, as its bytes where those are others than a plain NaN's. */
  readonly readNaN?: CopyShape["read"];
}

/** What is read and written as a whole, by the codec: bitfields, enums, bools, texts, bytes. */
export interface LeafShape extends CopyShape {
  readonly kind: "leaf";
  /** What a live struct shows of it: a text, where a copy that stands by itself would be bytes, since the text says less. */
  readMember(view: DataView, at: number): unknown;
  /** In place; what does not fit is refused before a byte changes. */
  write(view: DataView, at: number, value: unknown): void;
}

export interface StructShape extends CopyShape {
  readonly kind: "struct";
  /** As C names it, for errors. */
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly offset: number; readonly shape: Shape }[];
  /** The classes of its views, once there are any (struct-view.ts). A WeakMap would be slower. */
  readonly views: { writable?: object; readOnly?: object };
}

export interface ArrayShape extends CopyShape {
  readonly kind: "array";
  readonly length: number;
  readonly stride: number;
  readonly element: Shape;
}

export interface CopyShape {
  readonly size: number;
  /** A copy of the value, from which {@link encode} makes the same bytes again. */
  read(view: DataView, at: number): unknown;
  /** All its bytes; BAD_VALUE when the value does not fit. */
  encode(value: unknown): Uint8Array;
}

/** What a live struct gives to who writes it elsewhere: a copy, with the bytes that its members do not show. */
export const asCopy: unique symbol = Symbol("asCopy");

/** What is to be written: of a live struct its copy, of all else what it is. */
export function copied(value: unknown): unknown {
  const isView = typeof value === "object" && value !== null && asCopy in value;
  return isView ? (value as { [asCopy](): unknown })[asCopy]() : value;
}
