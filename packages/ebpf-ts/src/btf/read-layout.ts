import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { kindShapes } from "./btf-kinds.ts";
import type { KindShape } from "./btf-kinds.ts";

/** `struct btf_layout`: u8 size of the fixed part, u8 of one entry, u16 flags. */
const entrySize = 4;
/** Where `layout_off` stands in the header, and `layout_len` behind it. */
const layoutField = 24;

/**
 * How long records are, by kind: those that are known, and those that the layout section describes (Linux 7.1), so that types of
 * kinds that were invented later can be skipped.
 */
export function readShapes(file: ByteView, headerLength: number): readonly KindShape[] {
  if (headerLength < layoutField + 8) return kindShapes;
  const length = file.u32(layoutField + 4);
  if (length === 0) return kindShapes;
  if (length % entrySize !== 0)
    throw new EbpfError(
      "BAD_BTF",
      `BTF is broken: its layout section has ${length} bytes, and entries take ${entrySize}`,
    );
  const start = headerLength + file.u32(layoutField);
  file.bytes(start, length);
  const count = Math.min(length / entrySize, 0x80);
  return Array.from({ length: Math.max(count, kindShapes.length) }, (_, kind) => {
    const at = start + kind * entrySize;
    return kindShapes[kind] ?? { fixed: file.u8(at), each: file.u8(at + 1) };
  });
}
