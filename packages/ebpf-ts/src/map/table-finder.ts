import { EbpfError } from "../base/errors.ts";
import { ColumnTables } from "../columns/column-tables.ts";
import type { FindTable } from "../columns/row-table.ts";
import type { RingRecordType } from "./record-type.ts";

/** Finds the tables of a ring's one type, asked for when somebody wants columns. `ring` is for errors. */
export function tableFinder(ring: string, type: (() => RingRecordType | undefined) | undefined): FindTable {
  const tables = new ColumnTables();
  return (names, options) => {
    const { btf, id, shapes } = oneType(ring, type?.());
    // Nobody is sure of the type: only what has its length is taken for it.
    const exact = shapes?.told === "fitting" ? shapes.each[0]?.length : undefined;
    return tables.find({ btf, id, exact }, names, options);
  };
}

function oneType(ring: string, type: RingRecordType | undefined): RingRecordType {
  const why = type === undefined ? "have no known type" : reasonAgainst(type);
  if (type !== undefined && why === undefined) return type;
  throw new EbpfError("BAD_VALUE", `Cannot read ${ring} in columns: its records ${why}; read them as events`);
}

function reasonAgainst({ id, shapes, decode }: RingRecordType): string | undefined {
  if (decode !== undefined) return "are decoded by a function";
  if (id === 0 || (shapes !== undefined && shapes.each.length > 1)) return "are of several types";
  return undefined;
}
