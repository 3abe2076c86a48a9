import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { kindOf, kindShapes, recordHeader, vlenOf } from "./btf-kinds.ts";

/** Offsets of all records in the type section, in order. Nothing but kinds and lengths is looked at. */
export function indexTypes(types: ByteView, firstId: number): Uint32Array {
  const offsets = new Uint32Array(Math.floor(types.length / recordHeader));
  let count = 0;
  let offset = 0;
  while (offset < types.length) {
    const info = types.u32(offset + 4);
    const shape = kindShapes[kindOf(info)];
    if (shape === undefined || kindOf(info) === 0) {
      throw new EbpfError("BAD_BTF", `BTF type ${firstId + count} has the unknown kind ${kindOf(info)}`);
    }
    offsets[count] = offset;
    count += 1;
    offset += recordHeader + shape.fixed + shape.each * vlenOf(info);
  }
  if (offset > types.length) throw new EbpfError("BAD_BTF", "BTF is truncated: its last type is cut off");
  return offsets.slice(0, count);
}
