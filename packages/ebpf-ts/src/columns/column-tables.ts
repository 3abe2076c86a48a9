import { checkOptions, type Checks } from "../base/check-options.ts";
import { oneOf, strings } from "../base/checks.ts";
import { ColumnTable, type RowType } from "./column-table.ts";
import type { ColumnOptions } from "./column-types.ts";

const checks: Checks<ColumnOptions> = { wide: oneOf("number", "bigint", "halves") };
/** More than a loop asks for; beyond that the oldest one is forgotten. */
const mostTables = 16;

/** The tables of one ring, so that each batch finds the memory of the one before. */
export class ColumnTables {
  readonly #tables = new Map<string, ColumnTable>();

  /** By type, members and options: the same one for the same. A ring has one table of types. */
  find(type: RowType, names: readonly string[] | undefined, options: ColumnOptions): ColumnTable {
    if (names !== undefined) strings(names, "The members of columns()");
    checkOptions(options, checks, "columns()");
    const { wide = "number" } = options;
    const key = JSON.stringify([type.id, wide, names]);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const table = new ColumnTable(type, names, wide);
    if (this.#tables.size >= mostTables) this.#tables.delete(this.#tables.keys().next().value!);
    this.#tables.set(key, table);
    return table;
  }
}
