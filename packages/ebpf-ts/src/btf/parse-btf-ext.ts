import { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { aFunction, aUint8Array } from "../base/checks.ts";
import { aBtf } from "./checks/a-btf.ts";
import { checkMagic } from "./parse-btf.ts";
import type { Btf, CoreRelocation, LineInfo } from "./types.ts";

/** What `.BTF.ext` says, by ELF section. Slots count from the start of the section. */
export interface BtfExt {
  readonly functions: ReadonlyMap<string, readonly FunctionInfo[]>;
  readonly lines: ReadonlyMap<string, readonly LineInfo[]>;
  readonly relocations: ReadonlyMap<string, readonly CoreRelocation[]>;
}

/** `type` is the id of the `func` that begins at `slot`; 0 when it is none that can be relied on. */
export interface FunctionInfo {
  readonly slot: number;
  readonly type: number;
}

const slotSize = 8;

/**
 * Reads a `.BTF.ext` section; names and types are those of `btf`, the `.BTF` of the same object. What is broken throws BAD_BTF; of functions
 * and lines, which a program can do without, it is left out and told to `onFault`, if there is one.
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf, onFault?: (fault: EbpfError) => void): BtfExt {
  aUint8Array(bytes, "The bytes of parseBtfExt()");
  aBtf(btf, "The types of parseBtfExt()");
  if (onFault !== undefined) aFunction(onFault, "The callback of parseBtfExt()");
  const file = new ByteView(bytes, "BTF.ext", "BAD_BTF");
  checkMagic(file, "BTF.ext");
  const headerLength = file.u32(4);
  if (headerLength < 24)
    throw new EbpfError("BAD_BTF", `BTF.ext is broken: its header is ${headerLength} bytes long, not 24 or more`);
  const part = (field: number): ByteView => {
    // Before LLVM 10 the header ended without the CO-RE part.
    if (headerLength < field + 8) return new ByteView(new Uint8Array(0), "BTF.ext", "BAD_BTF");
    return new ByteView(file.bytes(headerLength + file.u32(field), file.u32(field + 4)), "BTF.ext", "BAD_BTF");
  };
  const optional = <T>(read: () => Map<string, T>): Map<string, T> => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof EbpfError) || onFault === undefined) throw error;
      onFault(error);
      return new Map();
    }
  };
  return {
    functions: optional(() => readPart(part(8), "function info", 8, btf, (view, at) => functionInfo(view, at, btf))),
    lines: optional(() => readPart(part(16), "line info", 16, btf, (view, at) => lineInfo(view, at, btf))),
    relocations: readPart(part(24), "CO-RE relocations", 16, btf, (view, at) => relocation(view, at, btf)),
  };
}

/** A record size, then for each ELF section: the offset of its name, a count, the records. */
function readPart<T>(
  view: ByteView,
  what: string,
  leastSize: number,
  btf: Btf,
  read: (view: ByteView, at: number) => T,
): Map<string, T[]> {
  const sections = new Map<string, T[]>();
  if (view.length === 0) return sections;
  const recordSize = view.u32(0);
  if (recordSize < leastSize || recordSize % 4 !== 0)
    throw new EbpfError("BAD_BTF", `BTF.ext is broken: its ${what} has records of ${recordSize} bytes`);
  let at = 4;
  while (at < view.length) {
    const section = btf.string(view.u32(at));
    const count = view.u32(at + 4);
    at += 8;
    // Read through a view of all records, so that a huge count fails at once.
    const records = new ByteView(view.bytes(at, count * recordSize), `BTF.ext ${what}`, "BAD_BTF");
    const entries = sections.get(section) ?? [];
    for (let index = 0; index < count; index++) entries.push(read(records, index * recordSize));
    sections.set(section, entries);
    at += count * recordSize;
  }
  return sections;
}

function functionInfo(view: ByteView, at: number, btf: Btf): FunctionInfo {
  const type = view.u32(at + 4);
  const { kind } = btf.type(type);
  // Where the type cannot be relied on the function has none.
  if (kind === "unknown") return { slot: slot(view, at), type: 0 };
  if (kind !== "func")
    throw new EbpfError("BAD_BTF", `BTF.ext is broken: its function info names type ${type}, which is no function`);
  return { slot: slot(view, at), type };
}

/** `line_col` holds the line in its upper 22 bits, the column in the lower 10. */
function lineInfo(view: ByteView, at: number, btf: Btf): LineInfo {
  const fileOffset = view.u32(at + 4);
  const textOffset = view.u32(at + 8);
  const position = view.u32(at + 12);
  return {
    slot: slot(view, at),
    file: btf.string(fileOffset),
    line: position >>> 10,
    column: position & 0x3ff,
    text: btf.string(textOffset),
    fileOffset,
    textOffset,
  };
}

function relocation(view: ByteView, at: number, btf: Btf): CoreRelocation {
  const type = view.u32(at + 4);
  if (type === 0 || type >= btf.length)
    throw new EbpfError("BAD_BTF", `BTF.ext is broken: a CO-RE relocation names type ${type}, which does not exist`);
  return { slot: slot(view, at), type, access: btf.string(view.u32(at + 8)), kind: view.u32(at + 12) };
}

function slot(view: ByteView, at: number): number {
  const offset = view.u32(at);
  if (offset % slotSize !== 0)
    throw new EbpfError("BAD_BTF", `BTF.ext is broken: byte ${offset} is not the start of an instruction`);
  return offset / slotSize;
}
