import { EbpfError } from "../../base/errors.ts";
import type { Btf } from "../types.ts";
import { canGenerate } from "./can-generate.ts";
import { closeOverReader } from "./decode-by-closures.ts";
import { generateReader } from "./decode-by-code.ts";
import { makePlan } from "./make-plan.ts";
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
  const plan = makePlan(btf, typeId);
  const reader = canGenerate() ? generateReader(plan) : closeOverReader(plan);
  return decoderOf(plan, reader, btf.nameOf(typeId));
}

export function decoderOf(plan: Plan, reader: Reader, name: string): Decoder {
  const { size } = plan;
  return {
    size,
    decode(view, offset, length) {
      if (!(length >= size))
        throw new EbpfError("BAD_VALUE", `Cannot decode ${name}: it takes ${size} bytes, the record has ${length}`);
      return reader(view, offset, offset + length);
    },
  };
}
