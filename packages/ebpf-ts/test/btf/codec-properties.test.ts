import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Encoder } from "../../src/btf/codec/encoder.ts";
import { btfCodec } from "../../src/map/value-codec.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { shapes } from "./arbitrary-type.ts";
import { builtFrom, codecsFor, encodeAt } from "./codecs.ts";

/** At a whole word, as in a ring, and beside one. */
function encode(encoder: Encoder, value: unknown, fill: number): Uint8Array {
  const [aligned, beside] = [8, 12].map((offset) => encodeAt(encoder, value, fill, offset));
  assert.deepEqual(aligned, beside);
  return aligned!;
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

/** A struct's value with some of its members; others as they are. */
function partOf(value: object): fc.Arbitrary<unknown> {
  if (Object.getPrototypeOf(value) !== Object.prototype) return fc.constant(value);
  return fc.subarray(Object.entries(value)).map((members) => Object.fromEntries(members));
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

test("members that are left out are zeros, whatever stood there, by both", () => {
  const parts = cases.chain(({ shape, value }) =>
    fc.record({
      shape: fc.constant(shape),
      value: typeof value === "object" ? partOf(value as object) : fc.constant(value),
    }),
  );
  fc.assert(
    fc.property(parts, ({ shape, value }) => {
      const { encoders } = codecsFor(shape);
      const given = typeof value !== "object" || Object.keys(value as object).length > 0;
      if (!given) return;
      const [code, closures] = encoders.map((encoder) => outcome(() => encode(encoder, value, 0xaa)));
      assert.deepStrictEqual(code, closures);
      assert.deepStrictEqual(
        code,
        outcome(() => encode(encoders[0]!, value, 0)),
      );
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
