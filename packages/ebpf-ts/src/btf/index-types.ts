import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import type { Sliced } from "../base/slices.ts";
import { kindOf, mostTypes, recordHeader, vlenOf } from "./btf-kinds.ts";
import type { KindShape } from "./btf-kinds.ts";

/** A kernel has 150,000 types. */
const typesInSlice = 2 ** 14;

/** Offsets of all records in the type section, in order. Nothing but kinds and lengths is looked at. `shapes` are by kind. */
export function* indexTypes(types: ByteView, firstId: number, shapes: readonly KindShape[]): Sliced<Uint32Array> {
  const offsets = new Uint32Array(Math.floor(types.length / recordHeader));
  let count = 0;
  let offset = 0;
  while (offset < types.length) {
    const info = types.u32(offset + 4);
    const shape = shapes[kindOf(info)];
    if (shape === undefined || kindOf(info) === 0) throw unknownKind(firstId + count, kindOf(info));
    offsets[count] = offset;
    count += 1;
    offset += recordHeader + shape.fixed + shape.each * vlenOf(info);
    if (count % typesInSlice === 0) yield;
  }
  if (offset > types.length) throw new EbpfError("BAD_BTF", "BTF is truncated: its last type is cut off");
  if (firstId + count - 1 > mostTypes)
    throw new EbpfError("TOO_BIG", `BTF has ${firstId + count - 1} types, and the kernel allows ${mostTypes}`);
  return offsets.slice(0, count);
}

function unknownKind(id: number, kind: number): EbpfError {
  return new EbpfError(
    "BAD_BTF",
    `BTF type ${id} has the unknown kind ${kind}, and no layout section says how long it is`,
  );
}
