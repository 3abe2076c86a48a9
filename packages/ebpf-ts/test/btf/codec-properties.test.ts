import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { closeOverReader } from "../../src/btf/codec/decode-by-closures.ts";
import { generateReader } from "../../src/btf/codec/decode-by-code.ts";
import { decoderOf } from "../../src/btf/codec/decoder.ts";
import type { Decoder } from "../../src/btf/codec/decoder.ts";
import { closeOverWriter } from "../../src/btf/codec/encode-by-closures.ts";
import { generateWriter } from "../../src/btf/codec/encode-by-code.ts";
import { encoderOf } from "../../src/btf/codec/encoder.ts";
import type { Encoder } from "../../src/btf/codec/encoder.ts";
import { shownBits } from "../../src/btf/codec/holes.ts";
import { makePlan } from "../../src/btf/codec/make-plan.ts";
import { BtfBuilder, parseBtf, validateBtf } from "../../src/btf/index.ts";
import type { Btf } from "../../src/btf/index.ts";
import { btfCodec } from "../../src/map/value-codec.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { shapes } from "./arbitrary-type.ts";
import type { Shape } from "./arbitrary-type.ts";

interface Codecs {
  readonly decoders: readonly Decoder[];
  readonly encoders: readonly Encoder[];
  readonly size: number;
  /** Bits that a member shows. */
  readonly shown: Uint8Array;
}

function builtFrom(shape: Shape): { btf: Btf; id: number } {
  const builder = new BtfBuilder();
  const id = shape.build(builder);
  const btf = parseBtf(builder.bytes());
  validateBtf(btf);
  return { btf, id };
}

/** By generated code, and by closures. */
function codecsFor(shape: Shape): Codecs {
  const { btf, id } = builtFrom(shape);
  const plan = makePlan(btf, id);
  return {
    size: btf.sizeOf(id),
    shown: shownBits(plan),
    decoders: [generateReader(plan), closeOverReader(plan)].map((reader) => decoderOf(plan, reader, "x")),
    encoders: [generateWriter(plan), closeOverWriter(plan)].map((writer) => encoderOf(plan, writer, "x")),
  };
}

function encode(encoder: Encoder, value: unknown, fill: number): Uint8Array {
  const bytes = new Uint8Array(encoder.size + 8).fill(fill);
  encoder.encode(value, new DataView(bytes.buffer), 4);
  assert.deepEqual([...bytes.slice(0, 4), ...bytes.slice(-4)], Array(8).fill(fill), "wrote outside");
  return bytes.slice(4, -4);
}

/** An error's message is an outcome too: both ways must give the same. */
function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof EbpfError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

/** Unions decode to more members than were given. */
function assertContains(actual: unknown, expected: unknown): void {
  if (expected instanceof Uint8Array || typeof expected !== "object" || expected === null) {
    assert.deepStrictEqual(actual, expected);
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length);
    expected.forEach((value, index) => assertContains(actual[index], value));
  } else {
    assert.equal(Object.getPrototypeOf(actual), Object.prototype);
    for (const [name, value] of Object.entries(expected)) {
      assert.ok(Object.hasOwn(actual as object, name), name);
      assertContains((actual as Record<string, unknown>)[name], value);
    }
  }
}

/** Also texts with letters in them, which bytes at random hardly ever have. */
const anyByte = fc.oneof(fc.constantFrom(0, 1, 0x61, 0x62, 0x7f, 0xc3, 0xa9, 0xff), fc.nat(255));
const anyBytes = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    bytes: fc.array(anyByte, { minLength: shape.size, maxLength: shape.size }).map((list) => Uint8Array.from(list)),
  }),
);

const cases = shapes.chain((shape) => fc.record({ shape: fc.constant(shape), value: shape.value }));

test("what is encoded decodes to the same value, by code and by closures", () => {
  fc.assert(
    fc.property(cases, ({ shape, value }) => {
      const { encoders, decoders, size } = codecsFor(shape);
      assert.equal(size, shape.size);
      for (const encoder of encoders) {
        const bytes = encode(encoder, value, 0xaa);
        assert.deepEqual(bytes, encode(encoder, value, 0x55), "padding shows what stood in the buffer");
        for (const decoder of decoders)
          assertContains(decoder.decode(new DataView(bytes.buffer), 0, bytes.length), value);
      }
    }),
    { numRuns: 500 },
  );
});

test("code and closures decode any bytes alike, and re-encode the result alike", () => {
  fc.assert(
    fc.property(anyBytes, ({ shape, bytes }) => {
      const { encoders, decoders } = codecsFor(shape);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const [code, closures] = decoders.map((decoder) => decoder.decode(view, 0, bytes.length));
      assert.deepStrictEqual(code, closures);
      const [first, second] = encoders.map((encoder) => outcome(() => encode(encoder, code, 0)));
      assert.deepStrictEqual(first, second);
    }),
    { numRuns: 500 },
  );
});

test("any bytes decode to a value that is encoded to the same bytes, as far as members show them, by both", () => {
  fc.assert(
    fc.property(anyBytes, ({ shape, bytes }) => {
      const { encoders, decoders, shown } = codecsFor(shape);
      const own = bytes.map((byte, index) => byte & shown[index]!);
      for (const decoder of decoders) {
        for (const encoder of encoders) {
          const value = decoder.decode(new DataView(own.buffer), 0, own.length);
          assert.deepEqual(encode(encoder, value, 0xaa), own);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("keys and values of maps become the same bytes again, padding included", () => {
  fc.assert(
    fc.property(anyBytes, ({ shape, bytes }) => {
      const { btf, id } = builtFrom(shape);
      const codec = btfCodec(btf, id);
      assert.deepEqual(codec.encode(codec.decode(bytes)), bytes);
    }),
    { numRuns: 1000 },
  );
});

test("code and closures refuse what does not fit alike", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true }),
      (shape, value) => {
        const { encoders } = codecsFor(shape);
        const [first, second] = encoders.map((encoder) => outcome(() => encode(encoder, value, 0)));
        assert.deepStrictEqual(first, second);
      },
    ),
    { numRuns: 500 },
  );
});

test("a record that is one byte short is refused", () => {
  fc.assert(
    fc.property(
      shapes.filter((shape) => shape.size > 0),
      (shape) => {
        for (const decoder of codecsFor(shape).decoders) {
          assert.throws(() => decoder.decode(new DataView(new ArrayBuffer(shape.size)), 0, shape.size - 1), {
            code: "BAD_VALUE",
            message: `Cannot decode x: it takes ${shape.size} bytes, the record has ${shape.size - 1}`,
          });
        }
      },
    ),
  );
});
