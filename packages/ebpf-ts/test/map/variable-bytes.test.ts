import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Btf, BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import type { EngineMap } from "../../src/engine/map.ts";
import { ArrayMemory } from "../../src/memory/array-memory.ts";
import { Variable } from "../../src/map/variable.ts";
import { shapes } from "../btf/arbitrary-type.ts";
import { builtFrom } from "../btf/codecs.ts";

const offset = 8;

interface Made {
  /** Of the section: a word, the variable, and a word behind it. */
  readonly bytes: Uint8Array;
  readonly variable: Variable;
}

/** A variable in a section that is mapped, or is copied, as before Linux 5.5. */
function made(btf: Btf, type: number, own: Uint8Array, mapped: boolean): Made {
  const bytes = new Uint8Array(offset + own.length + 8).fill(0xaa);
  bytes.set(own, offset);
  const memory = { memory: () => bytes, readOnlyMemory: () => bytes };
  const copied = { lookup: () => bytes, update: (_: Uint8Array, value: Uint8Array) => bytes.set(value) };
  const spec = { name: "it", section: ".bss", offset, size: own.length, type, readOnly: false };
  const map = (mapped ? memory : copied) as unknown as EngineMap;
  return { bytes, variable: new Variable({ spec, map, btf, lifetime: { open: true } }) };
}

const anyByte = fc.oneof(fc.constantFrom(0, 1, 0x61, 0x62, 0x7f, 0xc3, 0xa9, 0xff), fc.nat(255));
const anyBytes = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    bytes: fc.array(anyByte, { minLength: shape.size, maxLength: shape.size }).map((list) => Uint8Array.from(list)),
    mapped: fc.boolean(),
  }),
);

test("what a variable gives is written back as the same bytes, padding included", () => {
  fc.assert(
    fc.property(anyBytes, ({ shape, bytes: own, mapped }) => {
      const { btf, id } = builtFrom(shape);
      const { bytes, variable } = made(btf, id, own, mapped);
      const value = variable.get();
      bytes.fill(0, offset, offset + own.length);
      variable.set(value);
      assert.deepEqual(bytes.slice(offset, -8), own);
      assert.deepEqual([...bytes.slice(0, offset), ...bytes.slice(-8)], Array(16).fill(0xaa), "wrote outside");
    }),
    { numRuns: 1000 },
  );
});

test("members and elements of a view, written back, change nothing", () => {
  fc.assert(
    fc.property(anyBytes, ({ shape, bytes: own }) => {
      const { btf, id } = builtFrom(shape);
      const { bytes, variable } = made(btf, id, own, true);
      writeBack(variable.view);
      if (!(variable.view instanceof ArrayMemory)) variable.set(variable.view);
      assert.deepEqual(bytes.slice(offset, -8), own);
    }),
    { numRuns: 1000 },
  );
});

/** Every member that is a value by itself, and every element, is given what it gave. */
function writeBack(view: unknown): void {
  if (typeof view !== "object" || view === null || view instanceof Uint8Array) return;
  if (view instanceof ArrayMemory) {
    const array: ArrayMemory = view;
    for (let i = 0; i < array.length; i += 1) {
      const value = array.get(i);
      // Elements that are numbers are JavaScript's: a NaN among them is the one that it has.
      if (!Number.isNaN(value)) array.set(i, value);
      writeBack(array.at(i));
    }
    return;
  }
  const members = view as Record<string, unknown>;
  for (const name of Object.keys(Object.getPrototypeOf(view) as object)) {
    const member = members[name];
    if (typeof member === "object" && !(member instanceof Uint8Array)) writeBack(member);
    if (member instanceof ArrayMemory) continue;
    members[name] = member;
  }
}

/** One variable of each type that can say less than its bytes. */
function types(): Readonly<Record<"text" | "texts" | "bool" | "float" | "double" | "named", number>> & { btf: Btf } {
  const builder = new BtfBuilder();
  const index = builder.int("int", 4, "signed");
  const text = builder.array(builder.int("char", 1, "char"), 8, index);
  const texts = builder.array(text, 2, index);
  const bool = builder.int("_Bool", 1, "bool");
  const float = builder.add({ kind: "float", name: "float", size: 4 });
  const double = builder.add({ kind: "float", name: "double", size: 8 });
  const members = [{ name: "name", type: text, bitOffset: 0, bitSize: 0 }];
  const named = builder.add({ kind: "struct", name: "named", size: 8, members });
  return { btf: parseBtf(builder.bytes()), text, texts, bool, float, double, named };
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("a variable by itself is bytes where it would say less than they do, and else what its type is", () => {
  const { btf, text, bool, float, double } = types();
  const cases: readonly (readonly [number, Uint8Array, unknown])[] = [
    [text, ascii("abc\0\0\0\0\0"), "abc"],
    [text, ascii("abc\0x\0\0\0"), undefined],
    [text, ascii("\xff\xfe\0\0\0\0\0\0"), undefined],
    [text, ascii("abcdefgh"), undefined],
    [bool, Uint8Array.of(1), true],
    [bool, Uint8Array.of(2), undefined],
    [float, new Uint8Array(Uint32Array.of(0x7fc0_0000).buffer), Number.NaN],
    [float, new Uint8Array(Uint32Array.of(0x7fc0_0001).buffer), undefined],
    [double, new Uint8Array(BigUint64Array.of(0x7ff8_0000_0000_0001n).buffer), undefined],
  ];
  for (const [type, own, value] of cases) {
    for (const mapped of [true, false]) assert.deepEqual(made(btf, type, own, mapped).variable.get(), value ?? own);
  }
});

test("a text in a struct is a string, and one that is set anew is cleared behind its NUL", () => {
  const { btf, text, texts, named } = types();
  const own = ascii("abc\0junk");
  const struct = made(btf, named, own, true);
  const view = struct.variable.view as { name: string };
  assert.equal(view.name, "abc");
  assert.deepEqual(struct.variable.get(), { name: "abc" });
  view.name = "abd";
  assert.deepEqual(struct.bytes.slice(offset, -8), ascii("abd\0\0\0\0\0"));
  const alone = made(btf, text, own, true);
  alone.variable.set("abc");
  assert.deepEqual(alone.bytes.slice(offset, -8), ascii("abc\0\0\0\0\0"));
  const array = made(btf, texts, ascii("abc\0junkabc\0\0\0\0\0"), true);
  const elements = array.variable.view as Iterable<unknown>;
  assert.deepEqual([...elements], [own, "abc"]);
  assert.deepEqual(array.variable.get(), ["abc", "abc"]);
});
