import type { TextColumn } from "./text-column.ts";

/** How columns show integers of more than 32 bits. */
export interface ColumnOptions {
  /**
   * - `number` (the default): a Float64Array, exact up to 2^53 (of nanoseconds: 104 days), beyond that the nearest number;
   * - `bigint`: a BigInt64Array or BigUint64Array;
   * - `halves`: a Uint32Array with two elements a row, the low half first.
   *
   * `bigint` and `halves` show the same memory; to read an element of the first allocates a bigint.
   */
  readonly wide?: "number" | "bigint" | "halves" | undefined;
}

/** Integers of up to 32 bits and floats, by their C type; a `bool` is 0 or 1, an enum its integer. */
export type NumberColumn =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** Integers of more than 32 bits, as {@link ColumnOptions.wide} says. */
export type WideColumn<O> = O extends { readonly wide: "bigint" }
  ? BigInt64Array | BigUint64Array
  : O extends { readonly wide: "halves" }
    ? Uint32Array
    : Float64Array;

/** The column of a member whose decoded values are of that type. Arrays have their elements side by side, row after row. */
export type ColumnOf<V, O> = unknown extends V
  ? NumberColumn | BigInt64Array | BigUint64Array | TextColumn
  : string extends V
    ? TextColumn
    : [V] extends [bigint]
      ? WideColumn<O>
      : [V] extends [Uint8Array]
        ? Uint8Array
        : [V] extends [readonly (infer E)[]]
          ? ColumnOf<E, O>
          : NumberColumn;

/** A member of a record, or, by a path with dots, one of a struct in it. */
export type ColumnName<T> = unknown extends T
  ? string
  : T extends ArrayLike<unknown>
    ? never
    : {
        [K in keyof T & string]: [T[K]] extends [object]
          ? [T[K]] extends [ArrayLike<unknown>]
            ? K
            : `${K}.${ColumnName<T[K]>}`
          : K;
      }[keyof T & string];

/** What is decoded of the member that a {@link ColumnName} names. */
export type ColumnValue<T, N extends string> = unknown extends T
  ? unknown
  : N extends keyof T
    ? T[N]
    : N extends `${infer K}.${infer Rest}`
      ? K extends keyof T
        ? ColumnValue<T[K], Rest>
        : never
      : never;

/** A batch of records as one array a member, all of the same number of rows. */
export type Columns<T, N extends string, O> = { readonly [K in N]: ColumnOf<ColumnValue<T, K>, O> };
