/**
 * Text that is laid out by the width of a line, by the rules that formatters have since Wadler's "A prettier printer": a group stands on
 * one line when it fits, else each of its own lines breaks.
 */
export type Doc = string | readonly Doc[] | Group | Indent | Line | IfBreak;

interface Group {
  readonly is: "group";
  readonly of: Doc;
}
interface Indent {
  readonly is: "indent";
  readonly of: Doc;
}
/** `flat` is what it is in a group that fits; undefined always breaks. */
interface Line {
  readonly is: "line";
  readonly flat: string | undefined;
}
interface IfBreak {
  readonly is: "if-break";
  readonly broken: string;
  readonly flat: string;
}

export const line: Doc = { is: "line", flat: " " };
export const softLine: Doc = { is: "line", flat: "" };
export const hardLine: Doc = { is: "line", flat: undefined };

export function group(...of: Doc[]): Doc {
  return { is: "group", of };
}

export function indent(...of: Doc[]): Doc {
  return { is: "indent", of };
}

export function ifBreak(broken: string, flat = ""): Doc {
  return { is: "if-break", broken, flat };
}

export function join(docs: readonly Doc[], between: Doc): Doc[] {
  return docs.flatMap((doc, index) => (index === 0 ? [doc] : [between, doc]));
}

interface Piece {
  readonly doc: Doc;
  readonly depth: number;
  readonly broken: boolean;
}

/** The document as text, which ends with a line break. */
export function printDocument(doc: Doc, width: number): string {
  const lines: string[] = [];
  let text = "";
  const pieces: Piece[] = [{ doc, depth: 0, broken: true }];
  const write = (part: string): void => {
    text += part;
  };
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const { doc: part, depth, broken } = piece;
    if (typeof part === "string") write(part);
    else if (isList(part)) pushAll(pieces, part, depth, broken);
    else if (part.is === "indent") pieces.push({ doc: part.of, depth: depth + 1, broken });
    else if (part.is === "if-break") write(broken ? part.broken : part.flat);
    else if (part.is === "group") {
      const flat: Piece = { doc: part.of, depth, broken: false };
      pieces.push(fits(flat, pieces, width - columns(text)) ? flat : { ...flat, broken: true });
    } else if (!broken && part.flat !== undefined) write(part.flat);
    else {
      lines.push(text.trimEnd());
      text = "  ".repeat(depth);
    }
  }
  return `${[...lines, text.trimEnd()].join("\n")}\n`;
}

/** Whether the piece, and what follows it up to the next line break, has room on this line. */
function fits(first: Piece, rest: readonly Piece[], room: number): boolean {
  const pieces = [first];
  let left = room;
  let next = rest.length - 1;
  while (left >= 0) {
    const piece = pieces.pop() ?? rest[next--];
    if (piece === undefined) return true;
    const { doc: part, depth, broken } = piece;
    if (typeof part === "string") left -= columns(part);
    else if (isList(part)) pushAll(pieces, part, depth, broken);
    else if (part.is === "indent") pieces.push({ doc: part.of, depth, broken });
    // A group that follows may still be broken.
    else if (part.is === "group") pieces.push({ doc: part.of, depth, broken: broken && next < rest.length - 1 });
    else if (part.is === "if-break") left -= columns(broken ? part.broken : part.flat);
    else if (broken || part.flat === undefined) return true;
    else left -= columns(part.flat);
  }
  return false;
}

function pushAll(pieces: Piece[], docs: readonly Doc[], depth: number, broken: boolean): void {
  for (let index = docs.length - 1; index >= 0; index -= 1) pieces.push({ doc: docs[index]!, depth, broken });
}

function isList(doc: Exclude<Doc, string>): doc is readonly Doc[] {
  return Array.isArray(doc);
}

/** All that is generated is ASCII but comments, which nobody lays out. */
function columns(text: string): number {
  return text.length;
}
