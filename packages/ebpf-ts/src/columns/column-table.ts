import { EbpfError } from "../base/errors.ts";
import { makePlan } from "../btf/codec/make-plan.ts";
import type { Btf } from "../btf/types.ts";
import { columnMemory, type ColumnMemory, type Wide } from "./column-memory.ts";
import { type ColumnPlan, planColumns } from "./column-plan.ts";
import { type Fill, makeFill } from "./fill.ts";

const fewest = 64;

/** The type of all rows. */
export interface RowType {
  readonly btf: Btf;
  readonly id: number;
  /** Bytes of a record, where one of another length is something else. */
  readonly exact?: number | undefined;
}

/** Records of one type that become rows. Its memory is used again for the next rows. */
export class ColumnTable {
  readonly #size: number;
  readonly #exact: number | undefined;
  readonly #name: string;
  readonly #columns: readonly ColumnPlan[];
  readonly #fill: Fill;
  readonly #wide: Wide;
  #memories: readonly ColumnMemory[] = [];
  #room = 0;
  #rows = 0;

  constructor({ btf, id, exact }: RowType, names: readonly string[] | undefined, wide: Wide) {
    const plan = makePlan(btf, id);
    this.#size = plan.size;
    this.#exact = exact;
    this.#name = btf.nameOf(id);
    this.#wide = wide;
    this.#columns = planColumns(plan, names, `records of ${this.#name}`);
    this.#fill = makeFill(this.#columns, this.#wide);
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Makes room for so many rows in all. */
  reserve(rows: number): void {
    if (rows > this.#room) this.#grow(Math.max(rows, fewest));
  }

  /** Adds the row of a record of `length` bytes. Throws BAD_VALUE when it is none of the type. */
  add(view: DataView, at: number, length: number): void {
    if (length < this.#size || (this.#exact !== undefined && length !== this.#exact)) throw this.#unfit(length);
    if (this.#rows === this.#room) this.#grow(Math.max(2 * this.#room, fewest));
    this.#fill.put(view, at, this.#rows);
    this.#rows += 1;
  }

  /** The columns of all rows, valid until the next one is added; those begin anew. */
  take(): Readonly<Record<string, unknown>> {
    const rows = this.#rows;
    if (this.#room === 0) this.#grow(fewest);
    const shown: [string, unknown][] = this.#columns.map(({ name }, index) => [
      name,
      this.#memories[index]!.show(rows),
    ]);
    this.#rows = 0;
    return Object.fromEntries(shown);
  }

  #unfit(length: number): EbpfError {
    return new EbpfError(
      "BAD_VALUE",
      `Cannot read a record of ${length} bytes in columns: ${this.#name} takes ${this.#exact ?? this.#size}; the rows before it come with the next call`,
    );
  }

  #grow(room: number): void {
    this.#memories = this.#columns.map((column, index) =>
      columnMemory(column, this.#wide, room, this.#memories[index]),
    );
    this.#room = room;
    this.#fill.bind(this.#memories);
  }
}
