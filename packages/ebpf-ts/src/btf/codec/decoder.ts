import { EbpfError } from "../../base/errors.ts";
import { aBtf, aTypeId } from "../checks/a-btf.ts";
import type { Btf } from "../types.ts";
import { canGenerate } from "./can-generate.ts";
import { closeOverReader } from "./decode-by-closures.ts";
import { generateReader } from "./decode-by-code.ts";
import { keepBytes, loss } from "./kept-bytes.ts";
import { makePlan } from "./make-plan.ts";
import { isOpen } from "./plan.ts";
import type { Plan } from "./plan.ts";
import type { Reader } from "./reader.ts";

/**
 * Turns bytes into a value, always the same way:
 *
 * | C | value |
 * |---|---|
 * | integers up to 32 bits, and bitfields up to 32 bits of any type | number |
 * | 64 and 128 bits, pointers | bigint |
 * | `bool` | boolean |
 * | `float`, `double` | number |
 * | `char[N]` | string, up to the first NUL |
 * | `unsigned char[N]` | `Uint8Array`, a copy |
 * | other arrays | array |
 * | enums | the name, or the number when it has none |
 * | structs, unions | object with all members; those of anonymous ones belong to the parent |
 *
 * What is decoded can be encoded to the same bytes again. Where a value says less than they do (a text with bytes behind its NUL,
 * without a NUL, or not of UTF-8; a `bool` that is neither 0 nor 1; a NaN with a payload), the object or array that it stands in remembers
 * its bytes, unseen, and is encoded to them as long as it says the same; a copy of it does not remember. Such a value that stands by
 * itself, in no object, is a `Uint8Array`. Padding is no part of a value; keys and values of maps, and variables, remember that too.
 */
export interface Decoder {
  /** Bytes of the type; a flexible array at its end counts nothing. */
  readonly size: number;
  /**
   * Decodes a record of `length` bytes. A longer one is fine: a flexible array at the end takes the rest.
   * Throws `EbpfError` BAD_VALUE when it is shorter than the type.
   */
  decode(view: DataView, offset: number, length: number): unknown;
}

/** Makes a decoder for a type; made once, then called per record. */
export function makeDecoder(btf: Btf, typeId: number): Decoder {
  aBtf(btf, "The types of makeDecoder()");
  aTypeId(typeId, "The type of makeDecoder()");
  const plan = makePlan(btf, typeId);
  const reader = canGenerate() ? generateReader(plan) : closeOverReader(plan);
  return decoderOf(plan, reader, btf.nameOf(typeId));
}

export function decoderOf(plan: Plan, reader: Reader, name: string): Decoder {
  const { size } = plan;
  const whole = (value: unknown, view: DataView, offset: number, length: number): unknown => {
    loss.seen = false;
    const from = view.byteOffset + offset;
    const bytes = new Uint8Array(view.buffer, from, isOpen(plan) ? length : size).slice();
    if (typeof value !== "object") return bytes;
    keepBytes(value as object, bytes);
    return value;
  };
  return {
    size,
    decode(view, offset, length) {
      if (!(length >= size))
        throw new EbpfError("BAD_VALUE", `Cannot decode ${name}: it takes ${size} bytes, the record has ${length}`);
      // Left behind by a reader that threw, or that no decoder called. A look costs a record less than a store.
      if (loss.seen) loss.seen = false;
      const value = reader(view, offset, offset + length);
      return loss.seen ? whole(value, view, offset, length) : value;
    },
  };
}
