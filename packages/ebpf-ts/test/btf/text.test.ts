import assert from "node:assert/strict";
import { test } from "node:test";
import { BtfBuilder, makeDecoder, makeEncoder, parseBtf } from "../../src/btf/index.ts";

const size = 24;

function named(): { encode(comm: string): Uint8Array; decode(bytes: Uint8Array): unknown } {
  const builder = new BtfBuilder();
  const comm = builder.array(builder.int("char", 1, "char"), size, builder.int("int", 4, "signed"));
  const id = builder.struct("named", size, [{ name: "comm", type: comm, offset: 0 }]);
  const btf = parseBtf(builder.bytes());
  const [encoder, decoder] = [makeEncoder(btf, id), makeDecoder(btf, id)];
  return {
    encode(text) {
      const bytes = new Uint8Array(size).fill(0xff);
      encoder.encode({ comm: text }, new DataView(bytes.buffer), 0);
      return bytes;
    },
    decode: (bytes) => decoder.decode(new DataView(bytes.buffer), 0, size),
  };
}

test("a text of ASCII is written by words, and any other letter in it is seen, wherever it stands", () => {
  const { encode, decode } = named();
  const letters = ["\x01", "\x7f", "\x80", "\xff", "\u0100", "\u0101", "\u7f7f", "\uffff", "a"];
  for (let length = 1; length < 10; length += 1) {
    for (let at = 0; at < length; at += 1) {
      for (const letter of letters) {
        const text = "x".repeat(at) + letter + "\x01".repeat(length - at - 1);
        const bytes = new Uint8Array(size);
        new TextEncoder().encodeInto(text, bytes);
        assert.deepEqual(encode(text), bytes);
        assert.deepEqual(decode(bytes), { comm: text });
      }
      const cut = `${"x".repeat(at)}\0${"x".repeat(length - at - 1)}`;
      assert.throws(() => encode(cut), /is not a text without NUL/);
    }
  }
});
