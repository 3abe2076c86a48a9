import { hasValue, type Btf, type BtfMember } from "ebpf-ts/btf";
import { jsonText } from "../output/json.ts";
import { printable } from "../output/text.ts";
import { padEnd, widthOf } from "../output/width.ts";
import { flagNames, flagsWidth } from "./flag-names.ts";

/** One column of a table: a path into the decoded value. */
export interface Column {
  readonly title: string;
  readonly path: readonly string[];
  readonly width: number;
  /** Of the member, in the BTF; 0 where it has none. */
  readonly type: number;
  /** What stands there, of a whole value. */
  valueOf(value: unknown): unknown;
  /** As people read it. */
  textOf(value: unknown): string;
}

/** Wider text is not cut: it moves the columns behind it, in its own row. */
const maximumWidth = 40;
/** Nobody reads more: the members of a struct beyond that are one column, as JSON. A few nested structs can have billions. */
const mostColumns = 64;

/** The columns of a type: its members, those of nested structs with a dotted title. `whole` is the title of what has no members. */
export function columnsOf(btf: Btf, type: number, whole = "value"): Column[] {
  const columns: Column[] = [];
  addColumns(btf, { name: "", type }, [], 0, columns, whole);
  return columns;
}

/** Of what has no type. */
export function plainColumn(title: string, path: readonly string[], width: number): Column {
  return makeColumn(title, path, width, 0, text);
}

/** `after`: how many columns there will be at least behind those of this member. */
function addColumns(
  btf: Btf,
  { name, type }: Pick<BtfMember, "name" | "type">,
  prefix: readonly string[],
  after: number,
  columns: Column[],
  whole: string,
): void {
  const path = name === "" ? prefix : [...prefix, name];
  const members = membersOf(btf, type);
  if (members === undefined || columns.length + members.length + after > mostColumns) {
    columns.push(columnOf(btf, type, path, whole));
    return;
  }
  let left = members.length;
  for (const member of members) addColumns(btf, member, path, after + --left, columns, whole);
}

function membersOf(btf: Btf, id: number): readonly BtfMember[] | undefined {
  const type = btf.resolve(id);
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  return type.members.filter((member) => hasValue(btf, member.type));
}

function columnOf(btf: Btf, type: number, path: readonly string[], whole: string): Column {
  const title = printable(path.length === 0 ? whole : path.join(".")).toUpperCase();
  const flags = flagNames(btf, type);
  const isStruct = membersOf(btf, type) !== undefined;
  // The record may be of another type: a struct in place of a number.
  const show = (value: unknown): string =>
    !isStruct && hasMembers(value) ? "" : printable(flags(value) ?? text(value));
  return makeColumn(title, path, usualWidth(btf, type), type, show);
}

function makeColumn(
  title: string,
  path: readonly string[],
  width: number,
  type: number,
  show: (value: unknown) => string,
): Column {
  const valueOf = (value: unknown): unknown => {
    let found = value;
    for (const name of path) found = hasMembers(found) && Object.hasOwn(found, name) ? found[name] : undefined;
    return found;
  };
  const wide = Math.min(Math.max(width, widthOf(title)), maximumWidth);
  return { title, path, width: wide, type, valueOf, textOf: (value) => show(valueOf(value)) };
}

/** A decoded struct. Texts and arrays have a length, which is no member of theirs. */
function hasMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Room that the longest usual value takes. */
function usualWidth(btf: Btf, id: number): number {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      return type.encoding === "bool" ? 5 : ({ 1: 4, 2: 6, 4: 10 }[type.size] ?? 20);
    case "enum":
    case "enum64":
      return flagsWidth(type.values) ?? type.values.reduce((width, value) => Math.max(width, value.name.length), 4);
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
  // What is none of the types that were found.
  if (event instanceof Uint8Array) return Buffer.from(event).toString("hex");
  return columns
    .map((each) => padEnd(each.textOf(event), each.width))
    .join(" ")
    .trimEnd();
}

function text(value: unknown): string {
  // Of a record of another type.
  if (value === undefined) return "";
  if (typeof value === "string") return printable(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "object" && value !== null) return jsonText(value);
  return String(value);
}
