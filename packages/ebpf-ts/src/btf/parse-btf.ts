import { ByteView } from "../bytes/byte-view.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aUint8Array, wrongKind } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { atOnce, type Sliced } from "../base/slices.ts";
import { BtfTable } from "./btf-table.ts";
import { indexTypes } from "./index-types.ts";
import { readShapes } from "./read-layout.ts";
import { BtfStrings } from "./btf-strings.ts";
import type { Btf } from "./types.ts";

/** What a BTF section needs to be read. */
export interface ParseBtfOptions {
  /** The table that this one extends: that of the kernel, for a module. Its ids and strings come first. */
  readonly base?: Btf | undefined;
}

const checks: Checks<ParseBtfOptions> = {
  base: (value, what) => {
    if (!(value instanceof BtfTable)) throw wrongKind(what, "what parseBtf() has given", value);
  },
};

export const btfMagic = 0xeb9f;

/**
 * Reads a `.BTF` section, or `/sys/kernel/btf/vmlinux`. Records are found but not decoded, so references are not
 * checked yet: {@link validateBtf} does that for tables that come from elsewhere. The bytes are copied, since types are decoded when they are
 * asked for: their buffer may be used again.
 */
export function parseBtf(bytes: Uint8Array, options: ParseBtfOptions = {}): Btf {
  aUint8Array(bytes, "The section of parseBtf()");
  checkOptions(options, checks, "parseBtf()");
  return parseBtfInPlace(new Uint8Array(bytes), options.base);
}

/** The same of bytes that are the table's from now on. */
export function parseBtfInPlace(bytes: Uint8Array, base?: Btf): Btf {
  return atOnce(parsingBtf(bytes, base as BtfTable | undefined));
}

/** The same in slices, for the tables of a kernel. */
export function* parsingBtf(bytes: Uint8Array, base?: BtfTable): Sliced<Btf> {
  const file = new ByteView(bytes, "BTF", "BAD_BTF");
  const headerLength = checkHeader(file);
  const types = file.bytes(headerLength + file.u32(8), file.u32(12));
  const text = file.bytes(headerLength + file.u32(16), file.u32(20));
  checkStrings(text, base);
  const typeView = new ByteView(types, "BTF type section", "BAD_BTF");
  const offsets = yield* indexTypes(typeView, base?.length ?? 1, readShapes(file, headerLength));
  return new BtfTable(bytes, typeView, offsets, new BtfStrings(text, base?.strings), base);
}

/** The string section of a table. */
export function stringsOf({ bytes }: Btf): Uint8Array {
  const file = new ByteView(bytes, "BTF", "BAD_BTF");
  return file.bytes(file.u32(4) + file.u32(16), file.u32(20));
}

function checkHeader(file: ByteView): number {
  checkMagic(file, "BTF");
  const headerLength = file.u32(4);
  if (headerLength < 24)
    throw new EbpfError("BAD_BTF", `BTF is broken: its header is ${headerLength} bytes long, not 24 or more`);
  return headerLength;
}

/** `.BTF` and `.BTF.ext` begin alike: magic, version, flags, length of the header. */
export function checkMagic(file: ByteView, what: string): void {
  const magic = file.u16(0);
  if (magic === 0x9feb)
    throw new EbpfError(
      "BAD_BTF",
      `${what} is big-endian, this library reads little-endian objects: compile with -target bpfel`,
    );
  if (magic !== btfMagic)
    throw new EbpfError("BAD_BTF", `${what} is broken: it does not begin with the BTF magic number`);
  if (file.u8(2) !== 1)
    throw new EbpfError("BAD_BTF", `${what} has version ${file.u8(2)}, this library knows version 1`);
  if (file.u8(3) !== 0)
    throw new EbpfError(
      "BAD_BTF",
      `${what} has the flags 0x${file.u8(3).toString(16)}, of which this library knows none`,
    );
}

/** So that every text has an end, and offset 0 is the empty name. */
function checkStrings(text: Uint8Array, base: Btf | undefined): void {
  if (text.length === 0 && base !== undefined) return;
  if (text.length === 0 || text[text.length - 1] !== 0)
    throw new EbpfError("BAD_BTF", "BTF is broken: its string section does not end with a NUL");
  if (base === undefined && text[0] !== 0)
    throw new EbpfError("BAD_BTF", "BTF is broken: its string section does not begin with the empty text");
}
