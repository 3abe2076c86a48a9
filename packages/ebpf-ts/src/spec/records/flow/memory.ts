import { constant, isSame, join, type Value } from "./values.ts";

interface Cell {
  readonly value: Value;
  readonly size: number;
}

/** More than any record or frame that is followed here. */
const regionSize = 2 ** 20;

/**
 * What is known of memory that pointers are known for: the frame, and what calls returned. Every piece of memory has a range of numbers, so
 * that an address is one number.
 */
export class Memory {
  readonly #cells: Map<number, Cell>;

  constructor(cells: Map<number, Cell> = new Map()) {
    this.#cells = cells;
  }

  copy(): Memory {
    return new Memory(new Map(this.#cells));
  }

  load(address: Value | undefined, size: number): Value | undefined {
    const at = address && numberOf(address);
    const cell = at === undefined ? undefined : this.#cells.get(at);
    if (cell?.size === size) return cell.value;
    return at === undefined || size > 8 ? undefined : this.#assembled(at, size);
  }

  /** A constant that was written in pieces, or is a piece of one. */
  #assembled(at: number, size: number): Value | undefined {
    let whole = 0n;
    for (let index = 0; index < size; index++) {
      const byte = this.#byteAt(at + index);
      if (byte === undefined) return undefined;
      whole |= BigInt(byte) << BigInt(8 * index);
    }
    return constant(Number(whole));
  }

  #byteAt(at: number): number | undefined {
    for (let start = at; start > at - 8; start--) {
      const cell = this.#cells.get(start);
      if (cell === undefined || start + cell.size <= at) continue;
      return cell.value.kind === "constant" ? byteOf(cell.value.offset, at - start) : undefined;
    }
    return undefined;
  }

  store(address: Value | undefined, size: number, value: Value | undefined): void {
    const at = address && numberOf(address);
    if (at === undefined) {
      this.forget(address);
      return;
    }
    for (let near = at - 7; near < at + size; near++) {
      const cell = this.#cells.get(near);
      if (cell === undefined || near + cell.size <= at) continue;
      this.#cells.delete(near);
      this.#keepRest(near, cell, at, size);
    }
    if (value !== undefined) this.#cells.set(at, { value, size });
  }

  /** What is left of a constant that was overwritten in part. */
  #keepRest(start: number, { value, size: length }: Cell, at: number, size: number): void {
    if (value.kind !== "constant") return;
    for (let index = 0; index < length; index++) {
      const isOver = start + index >= at && start + index < at + size;
      if (!isOver) this.#cells.set(start + index, { value: constant(byteOf(value.offset, index)), size: 1 });
    }
  }

  /** Somebody else has written there, and perhaps behind it. An address that is not known may be any that was passed on. */
  forget(address: Value | undefined): void {
    if (this.#cells.size === 0) return;
    if (address === undefined) {
      // Spilled registers are nobody's variables.
      for (const [at, { value }] of this.#cells) if (value.kind === "constant") this.#cells.delete(at);
      return;
    }
    const region = regionOf(address);
    if (region === undefined) return;
    const from = numberOf(address) ?? region;
    for (const at of this.#cells.keys()) if (at >= from && at < region + regionSize) this.#cells.delete(at);
  }

  /** Keeps what both know. Says whether that is less than before. */
  meet(other: Memory): boolean {
    let lost = false;
    for (const [at, cell] of this.#cells) {
      const theirs = other.#cells.get(at);
      const value = theirs?.size === cell.size ? join(cell.value, theirs.value) : undefined;
      if (isSame(value, cell.value)) continue;
      lost = true;
      if (value === undefined) this.#cells.delete(at);
      else this.#cells.set(at, { value, size: cell.size });
    }
    return lost;
  }
}

function byteOf(number: number, index: number): number {
  return Number((BigInt(number) >> BigInt(8 * index)) & 0xffn);
}

function regionOf({ kind, at }: Value): number | undefined {
  if (kind === "stack") return 0;
  return kind === "result" ? (at + 1) * regionSize : undefined;
}

/** The frame lies below the top of its region. */
function numberOf(address: Value): number | undefined {
  const region = regionOf(address);
  if (region === undefined) return undefined;
  const at = address.kind === "stack" ? regionSize + address.offset : address.offset;
  return at >= 0 && at < regionSize ? region + at : undefined;
}
