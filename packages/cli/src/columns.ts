import type { Btf, BtfMember } from "ebpf-ts/btf";

/** One column of the event table: a path into the decoded record. */
export interface Column {
  readonly title: string;
  readonly path: readonly string[];
  readonly width: number;
}

/** Wider text is cut in the heading's favour: a row stays one line where it can. */
const maximumWidth = 40;

/** The columns of a record type: its members, those of nested structs with a dotted title. */
export function columnsOf(btf: Btf, type: number): Column[] {
  const resolved = btf.resolve(type);
  if (resolved.kind !== "struct" && resolved.kind !== "union") {
    return [column([], "value", widthOf(btf, type))];
  }
  return resolved.members.flatMap((member) => memberColumns(btf, member, []));
}

function memberColumns(btf: Btf, member: BtfMember, prefix: readonly string[]): Column[] {
  const path = member.name === "" ? prefix : [...prefix, member.name];
  const type = btf.resolve(member.type);
  if (type.kind === "struct" || type.kind === "union") {
    return type.members.flatMap((inner) => memberColumns(btf, inner, path));
  }
  return [column(path, path.join("."), widthOf(btf, member.type))];
}

function column(path: readonly string[], name: string, width: number): Column {
  const title = name.toUpperCase();
  return { title, path, width: Math.min(Math.max(width, title.length), maximumWidth) };
}

/** Room that the longest usual value takes. */
function widthOf(btf: Btf, id: number): number {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      return type.encoding === "bool" ? 5 : ({ 1: 4, 2: 6, 4: 10 }[type.size] ?? 20);
    case "enum":
    case "enum64":
      return Math.max(...type.values.map((value) => value.name.length), 4);
    case "ptr":
      return 18;
    case "array":
      return Math.min(type.length, maximumWidth);
    default:
      return 10;
  }
}

export function headingLine(columns: readonly Column[]): string {
  return columns
    .map((each) => each.title.padEnd(each.width))
    .join(" ")
    .trimEnd();
}

export function eventLine(columns: readonly Column[], event: unknown): string {
  return columns
    .map((each) => cell(event, each).padEnd(each.width))
    .join(" ")
    .trimEnd();
}

function cell(event: unknown, { path }: Column): string {
  let value = event;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name];
  return text(value);
}

function text(value: unknown): string {
  if (typeof value === "string") return printable(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "object" && value !== null) return JSON.stringify(value, jsonValue);
  return String(value);
}

/** Records come from outside: control characters must not reach the terminal. */
export function printable(value: string): string {
  return value.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** For `JSON.stringify`: 64-bit numbers that a double cannot hold become strings, bytes become hexadecimal. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
