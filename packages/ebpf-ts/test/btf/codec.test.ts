import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BtfBuilder, makeDecoder, makeEncoder, parseBtf } from "../../src/btf/index.ts";
import type { Btf } from "../../src/btf/index.ts";
import { EbpfError } from "../../src/base/errors.ts";

function codecs(build: (builder: BtfBuilder) => number): {
  decode(bytes: readonly number[]): unknown;
  encode(value: unknown): number[];
  sizeFor(value: unknown): number;
} {
  const builder = new BtfBuilder();
  const id = build(builder);
  const btf: Btf = parseBtf(builder.bytes());
  const decoder = makeDecoder(btf, id);
  const encoder = makeEncoder(btf, id);
  return {
    decode: (bytes) => decoder.decode(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length),
    encode(value) {
      const bytes = new Uint8Array(encoder.sizeFor(value)).fill(0xff);
      encoder.encode(value, new DataView(bytes.buffer), 0);
      return [...bytes];
    },
    sizeFor: (value) => encoder.sizeFor(value),
  };
}

function sample(b: BtfBuilder): number {
  const int = b.int("int", 4, "signed");
  const colour = b.enum("colour", { RED: 0, GREEN: 7 });
  return b.struct("sample", 24, [
    { name: "i", type: int, offset: 0 },
    { name: "comm", type: b.array(b.int("char", 1, "char"), 8, int), offset: 4 },
    { name: "colour", type: colour, offset: 12 },
    { name: "big", type: b.int("unsigned long", 8), offset: 16 },
  ]);
}

test("a value with all members of its type may have others beside them", () => {
  const { encode, decode } = codecs(sample);
  const whole = { i: 1, comm: "a", colour: "RED", big: 2n };
  assert.deepEqual(decode(encode({ ...whole, note: "mine" })), whole);
});

describe("encoding refuses what does not fit, with its path", () => {
  const { encode } = codecs(sample);
  const refusals: [unknown, string][] = [
    [{ i: 2 ** 31 }, "sample.i: 2147483648 is not an integer from -2147483648 to 2147483647"],
    [{ i: 1.5 }, "sample.i: 1.5 is not an integer from -2147483648 to 2147483647"],
    [{ i: "1" }, 'sample.i: "1" is not an integer from -2147483648 to 2147483647'],
    [{ comm: "12345678" }, "sample.comm: a text of 8 bytes and its NUL do not fit 8"],
    [{ comm: "ééééé" }, "sample.comm: a text of 10 bytes and its NUL do not fit 8"],
    [{ comm: "a\0b" }, 'sample.comm: "a\\u0000b" is not a text without NUL'],
    [{ comm: new Uint8Array(9) }, "sample.comm: 9 elements do not fit its 8"],
    [{ comm: 5 }, "sample.comm: 5 is not a string, or a Uint8Array"],
    [{ colour: "BLUE" }, 'sample.colour: "BLUE" is not one of RED, GREEN'],
    [{ big: -1n }, "sample.big: -1n is not a bigint, or a safe integer, of 64 bits, unsigned"],
    [{ big: 2 ** 53 }, "sample.big: 9007199254740992 is not a bigint, or a safe integer, of 64 bits, unsigned"],
    [{ j: 1 }, "sample.j: there is no such member (there are: i, comm, colour, big)"],
    [{ i: 1, j: 1 }, "sample.j: there is no such member (there are: i, comm, colour, big)"],
    [[], "sample: an array of 0 is not an object with its members"],
    [null, "sample: null is not an object with its members"],
    [{}, "sample: an object has none of its members (there are: i, comm, colour, big)"],
    [{ i: undefined }, "sample: an object has none of its members (there are: i, comm, colour, big)"],
    [
      Promise.resolve({ i: 1 }),
      "sample: a promise has none of its members (there are: i, comm, colour, big): await it",
    ],
    [{ i: Promise.resolve(1) }, "sample.i: a promise is not an integer from -2147483648 to 2147483647: await it"],
    [new Date(0), "sample: a Date has none of its members (there are: i, comm, colour, big)"],
    [new Map([["i", 1]]), "sample: a Map has none of its members (there are: i, comm, colour, big)"],
    [Object.create(null), "sample: an object has none of its members (there are: i, comm, colour, big)"],
    [new Uint8Array(24), "sample: a Uint8Array is not an object with its members"],
  ];
  for (const [value, message] of refusals) {
    test(message, () => {
      assert.throws(
        () => encode(value),
        (error) => {
          assert.ok(error instanceof EbpfError);
          assert.equal(error.code, "BAD_VALUE");
          assert.equal(error.message, `Cannot encode ${message}`);
          return true;
        },
      );
    });
  }
});

test("missing members are zero, undefined is missing, and a full array of bytes needs no NUL", () => {
  const { encode } = codecs(sample);
  assert.deepEqual(encode({ i: 0 }), Array(24).fill(0));
  assert.deepEqual(encode({ i: undefined, big: 258 }), [...Array(16).fill(0), 2, 1, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(encode({ comm: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }).slice(4, 12), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(encode({ colour: "GREEN" })[12], 7);
  assert.deepEqual(encode({ colour: 9 })[12], 9);
});

test("an array tells which element does not fit", () => {
  const { encode } = codecs((b) => b.struct("outer", 32, [{ name: "list", type: b.array(sample(b), 1), offset: 0 }]));
  assert.throws(() => encode({ list: [{ comm: 1 }] }), {
    message: "Cannot encode outer.list[0].comm: 1 is not a string, or a Uint8Array",
  });
  assert.throws(() => encode({ list: [{}, {}] }), { message: "Cannot encode outer.list: 2 elements do not fit its 1" });
});

/** Zeros behind a NUL are none of a text's own: everything else would be lost. */
const texts = [
  { what: "plain", bytes: [0x61, 0x62, 0, 0], text: "ab", whole: true },
  { what: "empty", bytes: [0, 0, 0, 0], text: "", whole: true },
  { what: "two bytes a letter", bytes: [0xc3, 0xa9, 0, 0], text: "é", whole: true },
  { what: "a byte order mark", bytes: [0xef, 0xbb, 0xbf, 0], text: "\ufeff", whole: true },
  { what: "U+FFFD itself", bytes: [0xef, 0xbf, 0xbd, 0], text: "\ufffd", whole: true },
  { what: "bytes behind the NUL", bytes: [0x61, 0, 0x62, 0x63], text: "a", whole: false },
  { what: "no NUL", bytes: [0x61, 0x62, 0x63, 0x64], text: "abcd", whole: false },
  { what: "no UTF-8", bytes: [0xff, 0, 0, 0], text: "\ufffd", whole: false },
  { what: "half a letter", bytes: [0x61, 0xc3, 0, 0], text: "a\ufffd", whole: false },
];
const char4 = (b: BtfBuilder): number => b.array(b.int("char", 1, "signed"), 4);
const named = (b: BtfBuilder): number =>
  b.struct("named", 8, [
    { name: "name", type: char4(b), offset: 0 },
    { name: "id", type: b.int("int", 4, "signed"), offset: 4 },
  ]);

for (const { what, bytes, text, whole } of texts) {
  test(`text: ${what}: by itself a string, or its bytes where that would lose some`, () => {
    const { decode, encode } = codecs(char4);
    assert.deepEqual(decode(bytes), whole ? text : Uint8Array.from(bytes));
    assert.deepEqual(encode(decode(bytes)), bytes);
  });
  test(`text: ${what}: a member is a string, and its object keeps the bytes until it is changed`, () => {
    const { decode, encode } = codecs(named);
    const value = decode([...bytes, 7, 0, 0, 0]) as { name: string; id: number };
    assert.deepStrictEqual(value, { name: text, id: 7 });
    assert.deepEqual(Reflect.ownKeys(value), ["name", "id"]);
    assert.deepEqual(encode(value), [...bytes, 7, 0, 0, 0]);
    value.name = "x";
    assert.deepEqual(encode(value), [0x78, 0, 0, 0, 7, 0, 0, 0]);
  });
}

test("a changed object whose text filled its array is encoded as any other, or refused", () => {
  const { decode, encode } = codecs(named);
  const value = decode([0x61, 0x62, 0x63, 0x64, 7, 0, 0, 0]) as { name: string; id: number };
  value.id = 8;
  assert.throws(() => encode(value), { code: "BAD_VALUE" });
  value.name = "abc";
  assert.deepEqual(encode(value), [0x61, 0x62, 0x63, 0, 8, 0, 0, 0]);
});

test("a record that ends in a text of any length is encoded to the same length", () => {
  const { decode, encode, sizeFor } = codecs((b) =>
    b.struct("line", 4, [
      { name: "id", type: b.int("int", 4, "signed"), offset: 0 },
      { name: "text", type: b.array(b.int("char", 1, "char"), 0), offset: 4 },
    ]),
  );
  for (const tail of [[], [0], [0x61], [0x61, 0], [0x61, 0, 0, 0], [0x61, 0, 0x62]]) {
    const bytes = [1, 0, 0, 0, ...tail];
    const value = decode(bytes);
    assert.deepEqual([sizeFor(value), encode(value)], [bytes.length, bytes]);
  }
});

test("a bool that is neither 0 nor 1, and a NaN of another kind, keep their bytes", () => {
  const bool = codecs((b) => b.int("_Bool", 1, "bool"));
  assert.deepEqual([bool.decode([0]), bool.decode([1]), bool.decode([2])], [false, true, Uint8Array.of(2)]);
  assert.deepEqual(bool.encode(bool.decode([2])), [2]);
  const float = codecs((b) => b.add({ kind: "float", name: "float", size: 4 }));
  for (const bytes of [
    [0, 0, 0xc0, 0x7f],
    [1, 0, 0x80, 0x7f],
    [0, 0, 0xc0, 0xff],
  ])
    assert.deepEqual(float.encode(float.decode(bytes)), bytes);
  assert.ok(Number.isNaN(float.decode([0, 0, 0xc0, 0x7f])));
});

test("names of tasks are right also when they fall on the same slot of the table", () => {
  const { decode } = codecs((b) => b.array(b.int("char", 1, "char"), 16));
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 3000; i++) {
      const name = `task-${i}`;
      const bytes = [...new TextEncoder().encode(name), ...Array(16).fill(0)].slice(0, 16);
      assert.equal(decode(bytes), name);
    }
  }
});

test("a lone char is a number, arrays of unsigned bytes are copies", () => {
  assert.equal(codecs((b) => b.int("char", 1, "signed")).decode([0xff]), -1);
  const builder = new BtfBuilder();
  const id = builder.array(builder.int("unsigned char", 1), 2);
  const bytes = Uint8Array.of(1, 2);
  const value = makeDecoder(parseBtf(builder.bytes()), id).decode(new DataView(bytes.buffer), 0, 2) as Uint8Array;
  bytes[0] = 9;
  assert.deepEqual(value, Uint8Array.of(1, 2));
});

test("shared memory can be decoded, with letters beyond ASCII too", () => {
  const builder = new BtfBuilder();
  const id = builder.array(builder.int("char", 1, "char"), 20);
  const btf = parseBtf(builder.bytes());
  const view = new DataView(new SharedArrayBuffer(20));
  makeEncoder(btf, id).encode("größe", view, 0);
  assert.equal(makeDecoder(btf, id).decode(view, 0, 20), "größe");
});

test("members of anonymous structs and unions belong to the parent", () => {
  const { decode, encode } = codecs((b) => {
    const u32 = b.int("unsigned int", 4);
    const u16 = b.int("unsigned short", 2);
    const inner = b.struct("", 4, [
      { name: "low", type: u16, offset: 0 },
      { name: "high", type: u16, offset: 2 },
    ]);
    const union = b.add({
      kind: "union",
      name: "",
      size: 4,
      members: [
        { name: "all", type: u32, bitOffset: 0, bitSize: 0 },
        { name: "", type: inner, bitOffset: 0, bitSize: 0 },
      ],
    });
    return b.struct("s", 8, [
      { name: "first", type: u32, offset: 0 },
      { name: "", type: union, offset: 4 },
    ]);
  });
  assert.deepEqual(decode([1, 0, 0, 0, 2, 0, 3, 0]), { first: 1, all: 0x30002, low: 2, high: 3 });
  assert.deepEqual(encode({ high: 3 }), [0, 0, 0, 0, 0, 0, 3, 0]);
  assert.deepEqual(encode({ all: 0x01020304 }), [0, 0, 0, 0, 4, 3, 2, 1]);
});

test("a member called __proto__ is only a member", () => {
  const { decode, encode } = codecs((b) => {
    const inner = b.struct("inner", 4, [{ name: "polluted", type: b.int("int", 4, "signed"), offset: 0 }]);
    return b.struct("s", 4, [{ name: "__proto__", type: inner, offset: 0 }]);
  });
  const value = decode([1, 0, 0, 0]) as object;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.deepEqual(encode(value), [1, 0, 0, 0]);
  assert.throws(() => encode({}), { message: /^Cannot encode s: an object has none of its members/ });
});

test("bitfields of old compilers have their place in the int type", () => {
  const { decode, encode } = codecs((b) => {
    const low = b.add({ kind: "int", name: "unsigned int", size: 4, encoding: "unsigned", bits: 3, bitOffset: 0 });
    const high = b.add({ kind: "int", name: "int", size: 4, encoding: "signed", bits: 5, bitOffset: 3 });
    return b.struct("s", 4, [
      { name: "low", type: low, offset: 0 },
      { name: "high", type: high, offset: 0 },
    ]);
  });
  assert.deepEqual(decode([0b11110_101, 0, 0, 0]), { low: 5, high: -2 });
  assert.deepEqual(encode({ low: 5, high: -2 }), [0b11110_101, 0, 0, 0]);
  assert.throws(() => encode({ low: 8 }), { message: "Cannot encode s.low: 8 is not an integer from 0 to 7" });
});

describe("a flexible array takes the rest of the record", () => {
  const flexible =
    (element: (b: BtfBuilder) => number) =>
    (b: BtfBuilder): number => {
      const u32 = b.int("unsigned int", 4);
      return b.struct("s", 4, [
        { name: "count", type: u32, offset: 0 },
        { name: "data", type: b.array(element(b), 0), offset: 4 },
      ]);
    };

  test("of integers", () => {
    const { decode, encode } = codecs(flexible((b) => b.int("unsigned short", 2)));
    assert.deepEqual(decode([2, 0, 0, 0]), { count: 2, data: [] });
    assert.deepEqual(decode([2, 0, 0, 0, 1, 0, 2, 0, 9]), { count: 2, data: [1, 2] });
    assert.deepEqual(encode({ count: 2, data: [1, 2] }), [2, 0, 0, 0, 1, 0, 2, 0]);
    assert.deepEqual(encode({ count: 2 }), [2, 0, 0, 0]);
  });

  test("of chars", () => {
    const { decode, encode, sizeFor } = codecs(flexible((b) => b.int("char", 1, "char")));
    assert.deepEqual(decode([0, 0, 0, 0, 0x68, 0x69, 0, 0x7a]), { count: 0, data: "hi" });
    assert.deepEqual(encode({ data: "hi" }), [0, 0, 0, 0, 0x68, 0x69, 0]);
    assert.equal(sizeFor({ data: "hi" }), 7);
  });

  test("of bytes, in a struct at the end of a struct", () => {
    const { decode } = codecs((b) => {
      const inner = flexible((c) => c.int("unsigned char", 1))(b);
      return b.struct("outer", 8, [
        { name: "head", type: b.int("unsigned int", 4), offset: 0 },
        { name: "tail", type: inner, offset: 4 },
      ]);
    });
    assert.deepEqual(decode([1, 0, 0, 0, 2, 0, 0, 0, 3, 4]), {
      head: 1,
      tail: { count: 2, data: Uint8Array.of(3, 4) },
    });
  });

  test("but not in the middle", () => {
    const { decode } = codecs((b) => {
      const u8 = b.int("unsigned short", 2);
      return b.struct("s", 2, [
        { name: "mark", type: b.array(u8, 0), offset: 0 },
        { name: "value", type: u8, offset: 0 },
      ]);
    });
    assert.deepEqual(decode([1, 0, 5, 0]), { mark: [], value: 1 });
  });
});

describe("types without values are refused", () => {
  test("a function, void, a forward declaration", () => {
    const builder = new BtfBuilder();
    const forward = builder.add({ kind: "fwd", name: "later", of: "struct" });
    const prototype = builder.add({ kind: "func_proto", returnType: 0, parameters: [] });
    const btf = parseBtf(builder.bytes());
    for (const id of [0, forward, prototype]) assert.throws(() => makeDecoder(btf, id), { code: "BAD_BTF" });
  });

  test("a few bytes that would become billions of values", () => {
    const builder = new BtfBuilder();
    let type = builder.int("unsigned int", 4);
    for (let level = 0; level < 40; level++) {
      const members = ["a", "b"].map((name) => ({ name, type, bitOffset: 0, bitSize: 0 }));
      type = builder.add({ kind: "union", name: `level${level}`, size: 4, members });
    }
    const empty = builder.struct("empty", 0, []);
    const many = builder.array(empty, 0xffff_ffff);
    const btf = parseBtf(builder.bytes());
    assert.throws(() => makeDecoder(btf, type), { code: "BAD_BTF", message: /too many times/ });
    assert.throws(() => makeDecoder(btf, many), { code: "BAD_BTF", message: /too many times/ });
  });
});
