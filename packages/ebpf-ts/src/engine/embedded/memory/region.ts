/** Who may touch a part of the memory. */
export type Access =
  /** Every program, at any time. */
  | "read"
  | "read-write"
  /** Through a live reservation or dynptr only: ring data. */
  | "record"
  /** One CPU's current run: stack and context. */
  | "run"
  /** No program: the machine's own bookkeeping. */
  | "machine";

export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** A part of the memory that programs may touch. Outside of all regions every access is a fault. */
export interface Region extends Span {
  readonly name: string;
  readonly access: Access;
  /** Of values that stand in a row, each of which is a program's own only once it was looked up. */
  readonly elements?: Elements | undefined;
}

/** Values in a row. */
export interface Elements {
  /** Bytes of one. */
  readonly size: number;
  /** From one to the next. */
  readonly stride: number;
  /** Of each key: one for each CPU. */
  readonly copies: number;
}

/** Collects what the memory must hold; addresses are final at once, the memory is made at the end. */
export interface MemoryPlan {
  /** Address of `size` zeroed bytes, 8-byte aligned, with an unmapped gap on either side. */
  reserve(name: string, size: number, access: Access, elements?: Elements): number;
}
