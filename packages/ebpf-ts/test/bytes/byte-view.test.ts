import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteView } from "../../src/bytes/byte-view.ts";
import { EbpfError } from "../../src/base/errors.ts";

const refused = (error: unknown): boolean =>
  error instanceof EbpfError && error.code === "BAD_OBJECT" && error.message.startsWith("The file is ");

function view(bytes: Uint8Array): ByteView {
  return new ByteView(bytes, "The file", "BAD_OBJECT");
}

test("numbers are little-endian", () => {
  const file = view(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x80));
  assert.equal(file.u8(0), 0xfe);
  assert.equal(file.u16(0), 0xfffe);
  assert.equal(file.i16(0), -2);
  assert.equal(file.u32(0), 0xfffffffe);
  assert.equal(file.i32(0), -2);
  assert.equal(file.u64(0), 0x80000001_fffffffen);
});

test("an offset or a size above 2^53 is refused as a number", () => {
  assert.equal(view(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0)).u64Number(0), Number.MAX_SAFE_INTEGER);
  assert.throws(() => view(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0)).u64Number(0), refused);
});

test("every access is either inside or refused", () => {
  const odd = fc.oneof(
    fc.integer({ min: -4, max: 40 }),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, 0.5, 2 ** 53, -(2 ** 53), 2 ** 32, -0),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), odd, odd, (bytes, offset, length) => {
      const file = view(bytes);
      const reads: [number, () => unknown][] = [
        [1, () => file.u8(offset)],
        [2, () => file.u16(offset)],
        [2, () => file.i16(offset)],
        [4, () => file.u32(offset)],
        [4, () => file.i32(offset)],
        [8, () => file.u64(offset)],
        [length, () => file.bytes(offset, length)],
      ];
      for (const [size, read] of reads) {
        const isInside =
          Number.isInteger(offset) &&
          offset >= 0 &&
          Number.isInteger(size) &&
          size >= 0 &&
          offset + size <= bytes.length;
        if (isInside) read();
        else assert.throws(read, refused);
      }
    }),
  );
});

test("a text ends before the given end", () => {
  const file = view(new TextEncoder().encode("one\0tw\u00f6\0three"));
  assert.equal(file.cString(0), "one");
  assert.equal(file.cString(4), "tw\u00f6");
  assert.equal(file.cString(3), "");
  assert.equal(file.cString(0, 4), "one");
  assert.throws(() => file.cString(0, 3), refused);
  assert.throws(() => file.cString(9), refused);
  assert.throws(() => file.cString(14), refused);
  assert.throws(() => file.cString(0, Number.NaN), refused);
});

test("bytes share memory, also that of a Buffer and shared memory", () => {
  for (const memory of [new Uint8Array(8), new Uint8Array(new SharedArrayBuffer(8)), Buffer.alloc(8)]) {
    const part = view(memory).bytes(2, 4);
    memory[3] = 65;
    assert.deepEqual([...part], [0, 65, 0, 0]);
    assert.equal(part.constructor, Uint8Array);
    assert.equal(view(memory).cString(3), "A");
  }
});
