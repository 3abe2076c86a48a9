import { hasValue, type Btf, type BtfMember } from "ebpf-ts/btf";
import { jsonText } from "../output/json.ts";
import { printable } from "../output/text.ts";
import { padEnd, widthOf } from "../output/width.ts";

/** One column of the event table: a path into the decoded record. */
export interface Column {
  readonly title: string;
  readonly path: readonly string[];
  readonly width: number;
}

/** Wider text is not cut: it moves the columns behind it, in its own row. */
const maximumWidth = 40;
/** Nobody reads more: the members of a struct beyond that are one column, as JSON. A few nested structs can have billions. */
const mostColumns = 64;

/** The columns of a record type: its members, those of nested structs with a dotted title. */
export function columnsOf(btf: Btf, type: number): Column[] {
  const columns: Column[] = [];
  addColumns(btf, { name: "", type }, [], 0, columns);
  return columns;
}

/** `after`: how many columns there will be at least behind those of this member. */
function addColumns(
  btf: Btf,
  { name, type }: Pick<BtfMember, "name" | "type">,
  prefix: readonly string[],
  after: number,
  columns: Column[],
): void {
  const path = name === "" ? prefix : [...prefix, name];
  const members = membersOf(btf, type);
  if (members === undefined || columns.length + members.length + after > mostColumns) {
    columns.push(column(path, usualWidth(btf, type)));
    return;
  }
  let left = members.length;
  for (const member of members) addColumns(btf, member, path, after + --left, columns);
}

function membersOf(btf: Btf, id: number): readonly BtfMember[] | undefined {
  const type = btf.resolve(id);
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  return type.members.filter((member) => hasValue(btf, member.type));
}

function column(path: readonly string[], width: number): Column {
  const title = printable(path.length === 0 ? "value" : path.join(".")).toUpperCase();
  return { title, path, width: Math.min(Math.max(width, widthOf(title)), maximumWidth) };
}

/** Room that the longest usual value takes. */
function usualWidth(btf: Btf, id: number): number {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      return type.encoding === "bool" ? 5 : ({ 1: 4, 2: 6, 4: 10 }[type.size] ?? 20);
    case "enum":
    case "enum64":
      return type.values.reduce((width, value) => Math.max(width, value.name.length), 4);
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
    .map((each) => padEnd(each.title, each.width))
    .join(" ")
    .trimEnd();
}

export function eventLine(columns: readonly Column[], event: unknown): string {
  return columns
    .map((each) => padEnd(cell(event, each), each.width))
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
  if (typeof value === "object" && value !== null) return jsonText(value);
  return String(value);
}
