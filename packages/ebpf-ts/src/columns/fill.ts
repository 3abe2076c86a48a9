import { canGenerate } from "../btf/codec/can-generate.ts";
import type { ScalarPlan } from "../btf/codec/plan.ts";
import { readBigBits, readBits, readBool } from "../btf/codec/read-values.ts";
import { type ColumnMemory, type Storing, storingOf, type Wide } from "./column-memory.ts";
import type { ColumnPlan } from "./column-plan.ts";
import { copyBytes, copyText } from "./copy-bytes.ts";

/** Writes the columns' row of one record. `bind` first, and again whenever their memory is another. */
export interface Fill {
  bind(memories: readonly ColumnMemory[]): void;
  put(view: DataView, at: number, row: number): void;
}

const library = { copyBytes, copyText, readBigBits, readBits, readBool, nearestBits };

/**
 * All columns in one pass, as code: each member is read where it stands, and stored where it goes, with nothing between. Where no code may be
 * made, the same as closures.
 */
export function makeFill(columns: readonly ColumnPlan[], wide: Wide): Fill {
  return canGenerate() ? generateFill(columns, wide) : closeOverFill(columns, wide);
}

/** No text of the user's goes into the code: columns are numbered. */
export function generateFill(columns: readonly ColumnPlan[], wide: Wide): Fill {
  const numbered = columns.map((column, index) => ({ column, to: `a${index}`, offsets: `b${index}` }));
  const text = `"use strict";
const { ${Object.keys(library).join(", ")} } = library;
${numbered.map(({ to, offsets }) => `let ${to}, ${offsets};`).join("\n")}
return {
  bind(memories) {
${numbered.map(({ column, to, offsets }, index) => `    ${to} = ${bound(column, `memories[${index}].stored`)}; ${offsets} = memories[${index}].offsets;`).join("\n")}
  },
  put(v, o, row) {
${numbered.map(({ column, to, offsets }) => `    ${statement(column, wide, to, offsets)}`).join("\n")}
  },
};`;
  return new Function("library", text)(library) as Fill;
}

function bound({ item }: ColumnPlan, stored: string): string {
  return item.op === "text" ? `new DataView(${stored}.buffer)` : stored;
}

function statement({ item, offset, count, stride }: ColumnPlan, wide: Wide, to: string, offsets: string): string {
  const at = `o + ${offset}`;
  if (item.op === "text")
    return `${offsets}[row + 1] = ${offsets}[row] + copyText(v, ${at}, ${item.size}, ${to}, ${offsets}[row]);`;
  const storing = storingOf(item, wide);
  if (item.op === "int" && item.size === 1 && stride === 1 && count > 1)
    return `copyBytes(v, ${at}, ${count}, ${to}, row * ${count});`;
  if (count === 1) return store(item, storing, to, "row", at);
  return `for (let i = 0; i < ${count}; i++) { ${store(item, storing, to, `row * ${count} + i`, `${at} + i * ${stride}`)} }`;
}

function store(item: ScalarPlan, storing: Storing, to: string, index: string, at: string): string {
  if (storing.as === "number") return `${to}[${index}] = ${read(item, at)};`;
  if (item.op === "bits") {
    const place = `v, ${at}, ${item.shift}, ${item.width}, ${item.signed}`;
    if (storing.as === "nearest") return `${to}[${index}] = nearestBits(${place});`;
    return `{ const bits = readBigBits(${place}); ${to}[2 * (${index})] = Number(bits & 0xffffffffn); ${to}[2 * (${index}) + 1] = Number(bits >> 32n); }`;
  }
  const high = `v.get${item.op === "big" && item.signed ? "Int" : "Uint"}32(${at} + 4, true)`;
  if (storing.as === "nearest") return `${to}[${index}] = ${high} * 4294967296 + v.getUint32(${at}, true);`;
  return `${to}[2 * (${index})] = v.getInt32(${at}, true); ${to}[2 * (${index}) + 1] = v.getInt32(${at} + 4, true);`;
}

function read(item: ScalarPlan, at: string): string {
  switch (item.op) {
    case "int":
      return `v.get${item.signed ? "Int" : "Uint"}${item.size * 8}(${at}, true)`;
    case "float":
      return `v.getFloat${item.size * 8}(${at}, true)`;
    case "bool":
      return `readBool(v, ${at}, ${item.size}) ? 1 : 0`;
    case "bits":
      return `readBits(v, ${at}, ${item.shift}, ${item.width}, ${!item.bool && item.signed})${item.bool ? " === 0 ? 0 : 1" : ""}`;
    case "big":
      throw new Error("64 bits are stored as halves, or as the nearest number");
  }
}

function nearestBits(view: DataView, at: number, shift: number, width: number, signed: boolean): number {
  return Number(readBigBits(view, at, shift, width, signed));
}

type PutColumn = (memory: ColumnMemory, view: DataView, at: number, row: number) => void;

/** The twin of {@link generateFill}. */
export function closeOverFill(columns: readonly ColumnPlan[], wide: Wide): Fill {
  const puts = columns.map((column) => putColumn(column, wide));
  let bound: readonly ColumnMemory[] = [];
  return {
    bind: (memories) => void (bound = memories),
    put: (view, at, row) => puts.forEach((put, index) => put(bound[index]!, view, at, row)),
  };
}

function putColumn({ item, offset, count, stride }: ColumnPlan, wide: Wide): PutColumn {
  if (item.op === "text") {
    return ({ stored, offsets }, view, at, row) => {
      const start = offsets![row]!;
      const target = new DataView(stored.buffer);
      offsets![row + 1] = start + copyText(view, at + offset, item.size, target, start);
    };
  }
  const put = putElement(item, storingOf(item, wide));
  return (memory, view, at, row) => {
    for (let i = 0; i < count; i++) put(memory.stored, row * count + i, view, at + offset + i * stride);
  };
}

function putElement(
  item: ScalarPlan,
  storing: Storing,
): (stored: ColumnMemory["stored"], index: number, view: DataView, at: number) => void {
  if (storing.as === "number") return (stored, index, view, at) => void (stored[index] = readNumber(item, view, at));
  if (storing.as === "nearest")
    return (stored, index, view, at) => void (stored[index] = Number(readWide(item, view, at)));
  return (stored, index, view, at) => {
    const bits = readWide(item, view, at);
    stored[2 * index] = Number(bits & 0xffff_ffffn);
    stored[2 * index + 1] = Number(bits >> 32n);
  };
}

function readNumber(item: ScalarPlan, view: DataView, at: number): number {
  switch (item.op) {
    case "int":
      if (item.size === 1) return item.signed ? view.getInt8(at) : view.getUint8(at);
      if (item.size === 2) return item.signed ? view.getInt16(at, true) : view.getUint16(at, true);
      return item.signed ? view.getInt32(at, true) : view.getUint32(at, true);
    case "float":
      return item.size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
    case "bool":
      return readBool(view, at, item.size) ? 1 : 0;
    case "bits": {
      const value = readBits(view, at, item.shift, item.width, !item.bool && item.signed);
      return item.bool && value !== 0 ? 1 : value;
    }
    case "big":
      return Number(readWide(item, view, at));
  }
}

function readWide(item: ScalarPlan, view: DataView, at: number): bigint {
  if (item.op === "bits") return readBigBits(view, at, item.shift, item.width, item.signed);
  return item.op === "big" && item.signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
}
