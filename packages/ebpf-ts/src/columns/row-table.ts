/** What records become rows of, for whoever reads a ring: a `ColumnTable`. */
export interface RowTable {
  readonly rows: number;
  reserve(rows: number): void;
  add(view: DataView, at: number, length: number): void;
  take(): Readonly<Record<string, unknown>>;
}

/** The table for these members and options: the same one for the same. */
export type FindTable = (names: readonly string[] | undefined, options: object) => RowTable;
