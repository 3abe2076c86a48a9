import fc from "fast-check";
import type { BtfBuilder } from "../../src/btf/index.ts";

/** A random C type, laid out as C does, and the values that it takes. */
export interface Shape {
  readonly size: number;
  readonly align: number;
  /** Adds the type, and returns its id. */
  build(builder: BtfBuilder): number;
  readonly value: fc.Arbitrary<unknown>;
}

const letters = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0"));

const integer = fc.constantFrom<1 | 2 | 4>(1, 2, 4).chain((size) =>
  fc.boolean().map((signed): Shape => {
    const bits = size * 8;
    const [min, max] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
    return {
      size,
      align: size,
      build: (b) => b.int(signed ? "s" : "u", size, signed ? "signed" : "unsigned"),
      value: fc.integer({ min, max }).map((n) => n + 0),
    };
  }),
);

const bigInteger = fc.tuple(fc.constantFrom<8 | 16>(8, 16), fc.boolean()).map(([size, signed]): Shape => {
  const bits = BigInt(size * 8);
  const [min, max] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  return {
    size,
    align: size,
    build: (b) => b.int("wide", size, signed ? "signed" : "unsigned"),
    value: fc.bigInt({ min, max }),
  };
});

const bool: Shape = { size: 1, align: 1, build: (b) => b.int("_Bool", 1, "bool"), value: fc.boolean() };
const single: Shape = {
  size: 4,
  align: 4,
  build: (b) => b.add({ kind: "float", name: "float", size: 4 }),
  value: fc.float(),
};
const double: Shape = {
  size: 8,
  align: 8,
  build: (b) => b.add({ kind: "float", name: "double", size: 8 }),
  value: fc.double(),
};
const pointer: Shape = {
  size: 8,
  align: 8,
  build: (b) => b.pointer(0),
  value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

const text = fc.integer({ min: 1, max: 40 }).map((length): Shape => ({
  size: length,
  align: 1,
  build: (b) => b.array(b.int("char", 1, "char"), length, b.int("int", 4, "signed")),
  value: letters.filter((value) => new TextEncoder().encode(value).length < length),
}));

// No empty arrays: at the end of a record they are flexible ones.
const bytes = fc.integer({ min: 1, max: 20 }).map((length): Shape => ({
  size: length,
  align: 1,
  build: (b) => b.array(b.typedef("__u8", b.int("unsigned char", 1)), length, b.int("int", 4, "signed")),
  value: fc.uint8Array({ minLength: length, maxLength: length }),
}));

const enumeration = fc.constantFrom<1 | 2 | 4>(1, 2, 4).map((size): Shape => {
  const values = [
    { name: "ZERO", value: 0 },
    { name: "SEVEN", value: 7 },
    { name: "LESS", value: -1 },
  ];
  return {
    size,
    align: size,
    build: (b) => b.add({ kind: "enum", name: "colour", size, signed: true, values }),
    value: fc.oneof(fc.constantFrom("ZERO", "SEVEN", "LESS"), fc.integer({ min: 8, max: 100 })),
  };
});

const enumeration64: Shape = {
  size: 8,
  align: 8,
  build: (b) =>
    b.add({
      kind: "enum64",
      name: "huge",
      size: 8,
      signed: false,
      values: [
        { name: "LARGE", value: 2n ** 40n },
        { name: "SMALL", value: 1n },
      ],
    }),
  value: fc.oneof(fc.constantFrom("LARGE", "SMALL"), fc.bigInt({ min: 2n ** 41n, max: 2n ** 64n - 1n })),
};

/** Also those that a careless codec would trip over. */
const memberNames = [
  "pid",
  "comm",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  'quo"te',
  "back\\slash",
  "${x}",
  "line\nend",
  "\u2028",
];

interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
}

function layOut(
  shapes: readonly Shape[],
  names: readonly string[],
  union: boolean,
): { members: Member[]; size: number; align: number } {
  const align = Math.max(1, ...shapes.map((shape) => shape.align));
  let end = 0;
  const members = shapes.map((shape, index): Member => {
    const offset = union ? 0 : Math.ceil(end / shape.align) * shape.align;
    end = Math.max(end, offset + shape.size);
    return { name: names[index]!, shape, offset };
  });
  return { members, size: Math.ceil(end / align) * align, align };
}

function composite(kind: "struct" | "union", shapes: readonly Shape[], names: readonly string[]): Shape {
  const { members, size, align } = layOut(shapes, names, kind === "union");
  const values = Object.fromEntries(members.map(({ name, shape }) => [name, shape.value]));
  return {
    size,
    align,
    build: (b) => {
      const list = members.map(({ name, shape, offset }) => ({
        name,
        type: shape.build(b),
        bitOffset: offset * 8,
        bitSize: 0,
      }));
      return b.add({ kind, name: `some_${kind}`, size, members: list });
    },
    value:
      kind === "struct"
        ? record(values)
        : fc.oneof(...Object.entries(values).map(([name, value]) => record({ [name]: value }))),
  };
}

/** `fc.record` would set the prototype for `__proto__`. */
function record(values: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const names = Object.keys(values);
  return fc
    .tuple(...names.map((name) => values[name]!))
    .map((list) => Object.fromEntries(list.map((value, index) => [names[index]!, value])));
}

const namesOf = (count: number): fc.Arbitrary<string[]> =>
  fc.shuffledSubarray(memberNames, { minLength: count, maxLength: count });

/** A struct of bitfields, packed one after the other. */
const bitfields = fc
  .array(fc.record({ width: fc.integer({ min: 1, max: 64 }), signed: fc.boolean() }), { minLength: 1, maxLength: 6 })
  .chain((fields) => namesOf(fields.length).map((names) => ({ fields, names })))
  .map(({ fields, names }): Shape => {
    let end = 0;
    const placed = fields.map(({ width, signed }, index) => {
      const bitOffset = end;
      end += width;
      return { name: names[index]!, width, signed, bitOffset };
    });
    const value = Object.fromEntries(placed.map(({ name, width, signed }) => [name, bitValue(width, signed)]));
    const size = Math.ceil(end / 64) * 8;
    return {
      size,
      align: 8,
      build: (b) => {
        const members = placed.map(({ name, width, signed, bitOffset }) => ({
          name,
          type: b.int("wide", 8, signed ? "signed" : "unsigned"),
          bitOffset,
          bitSize: width,
        }));
        return b.add({ kind: "struct", name: "flags", size, members });
      },
      value: record(value),
    };
  });

function bitValue(width: number, signed: boolean): fc.Arbitrary<unknown> {
  const bits = BigInt(width);
  const [min, max] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  return fc.bigInt({ min, max }).map((value) => (width > 32 ? value : Number(value)));
}

function arrayOf(element: Shape, length: number): Shape {
  return {
    size: element.size * length,
    align: element.align,
    build: (b) => b.array(element.build(b), length, b.int("int", 4, "signed")),
    value: fc.array(element.value, { minLength: length, maxLength: length }),
  };
}

function qualified(shape: Shape): Shape {
  return {
    ...shape,
    build: (b) => b.typedef("alias", b.add({ kind: "const", type: b.add({ kind: "volatile", type: shape.build(b) }) })),
  };
}

const scalars: fc.Arbitrary<Shape> = fc.oneof(
  integer,
  bigInteger,
  text,
  bytes,
  enumeration,
  fc.constantFrom(bool, single, double, pointer, enumeration64),
);

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalars,
    bitfields,
    tie("shape").map(qualified),
    // A byte that is no char would come back as a Uint8Array.
    fc
      .tuple(
        tie("shape").filter((element) => element.size > 1),
        fc.integer({ min: 1, max: 4 }),
      )
      .map(([element, length]) => arrayOf(element, length)),
    fc
      .array(tie("shape"), { minLength: 1, maxLength: 6 })
      .chain((shapes) => namesOf(shapes.length).map((names) => composite("struct", shapes, names))),
    fc
      .array(tie("shape"), { minLength: 1, maxLength: 3 })
      .chain((shapes) => namesOf(shapes.length).map((names) => composite("union", shapes, names))),
  ),
}));

export const shapes: fc.Arbitrary<Shape> = shape;
