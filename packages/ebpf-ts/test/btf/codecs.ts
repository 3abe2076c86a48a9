import assert from "node:assert/strict";
import { closeOverReader } from "../../src/btf/codec/decode-by-closures.ts";
import { generateReader } from "../../src/btf/codec/decode-by-code.ts";
import { type Decoder, decoderOf } from "../../src/btf/codec/decoder.ts";
import { closeOverWriter } from "../../src/btf/codec/encode-by-closures.ts";
import { generateWriter } from "../../src/btf/codec/encode-by-code.ts";
import { type Encoder, encoderOf } from "../../src/btf/codec/encoder.ts";
import { shownBits } from "../../src/btf/codec/holes.ts";
import { makePlan } from "../../src/btf/codec/make-plan.ts";
import { type Btf, BtfBuilder, parseBtf, validateBtf } from "../../src/btf/index.ts";
import type { Shape } from "./arbitrary-type.ts";

/** Both ways of each direction: by generated code first, then by closures. */
export interface Codecs {
  readonly decoders: readonly Decoder[];
  readonly encoders: readonly Encoder[];
  readonly size: number;
  /** Bits that a member shows. */
  readonly shown: Uint8Array;
}

export function builtFrom(shape: Shape): { btf: Btf; id: number } {
  const builder = new BtfBuilder();
  const id = shape.build(builder);
  const btf = parseBtf(builder.bytes());
  validateBtf(btf);
  return { btf, id };
}

export function codecsFor(shape: Shape): Codecs {
  const { btf, id } = builtFrom(shape);
  const plan = makePlan(btf, id);
  return {
    size: btf.sizeOf(id),
    shown: shownBits(plan),
    decoders: [generateReader(plan), closeOverReader(plan)].map((reader) => decoderOf(plan, reader, "x")),
    encoders: [generateWriter(plan), closeOverWriter(plan)].map((writer) => encoderOf(plan, writer, "x")),
  };
}

/** Into a buffer of `fill`, of which nothing outside the value may change. */
export function encodeAt(encoder: Encoder, value: unknown, fill: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(offset + encoder.size + 8).fill(fill);
  encoder.encode(value, new DataView(bytes.buffer), offset);
  const outside = [...bytes.slice(0, offset), ...bytes.slice(-8)];
  assert.deepEqual(outside, Array(outside.length).fill(fill), "wrote outside");
  return bytes.slice(offset, -8);
}
