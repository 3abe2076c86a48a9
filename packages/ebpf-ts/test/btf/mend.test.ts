import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  alignOf,
  BtfBuilder,
  makeDecoder,
  makeEncoder,
  mendBtf,
  mendForKernel,
  parseBtf,
  parseBtfExt,
} from "../../src/btf/index.ts";
import type { Btf, NewBtfType } from "../../src/btf/index.ts";
import { parse } from "../../src/spec/parse.ts";
import { fixturePath } from "../support/fixtures.ts";
import { makeObject } from "../support/make-object.ts";

const int: NewBtfType = { kind: "int", name: "int", size: 4, encoding: "signed", bits: 32, bitOffset: 0 };
const member = (
  name: string,
  type: number,
  byte: number,
): { name: string; type: number; bitOffset: number; bitSize: 0 } => ({
  name,
  type,
  bitOffset: byte * 8,
  bitSize: 0,
});

function build(types: readonly NewBtfType[]): Btf {
  const builder = new BtfBuilder();
  for (const type of types) builder.add(type);
  return parseBtf(builder.bytes());
}

const messages = (btf: Btf): string[] => mendBtf(btf).map(({ message }) => message);

describe("what is sound is read, what is not is left out and told", () => {
  test("members and elements without a type", () => {
    const btf = build([
      int,
      { kind: "array", type: 0, indexType: 1, length: 2 },
      { kind: "typedef", name: "nothing", type: 0 },
      { kind: "fwd", name: "later", of: "struct" },
      { kind: "enum", name: "declared", size: 0, signed: false, values: [] },
      {
        kind: "struct",
        name: "s",
        size: 64,
        members: [
          member("a", 1, 0),
          member("b", 0, 8),
          member("c", 2, 16),
          member("d", 3, 24),
          member("e", 4, 32),
          member("f", 5, 40),
          member("g", 1, 60),
        ],
      },
    ]);
    assert.deepEqual(messages(btf), [
      "BTF type 2 (array) has its element of type 0, which is a void",
      "BTF type 5 (enum declared) has the impossible size of 0 bytes",
      "BTF type 6 (struct s) has its member b of type 0, which is a void",
      "BTF type 6 (struct s) has its member e of type 4, which is a fwd",
      "BTF type 6 (struct s) contains type 0, which is a void",
    ]);
    const value = { a: -1, g: 7 };
    const bytes = new DataView(new ArrayBuffer(64));
    makeEncoder(btf, 6).encode(value, bytes, 0);
    assert.deepEqual(makeDecoder(btf, 6).decode(bytes, 0, 64), value);
    assert.equal(alignOf(btf, 6), 4);
    // CO-RE counts all of them.
    const type = btf.type(6);
    assert.ok(type.kind === "struct");
    assert.equal(type.members.length, 7);
  });

  test("types that cannot be relied on, and what hangs on them", () => {
    const btf = build([
      int,
      { kind: "ptr", type: 99 },
      { kind: "struct", name: "outside", size: 4, members: [member("x", 1, 4)] },
      { kind: "struct", name: "circle", size: 4, members: [member("x", 4, 0)] },
      { kind: "func", name: "f", type: 1, linkage: "static" },
      { kind: "struct", name: "user", size: 16, members: [member("p", 2, 0), member("o", 3, 8), member("i", 1, 12)] },
    ]);
    assert.deepEqual(messages(btf), [
      "BTF type 2 (ptr) has what it refers to of type 99, while the last type is 6; it is left out",
      "BTF type 5 (func f) has its prototype of type 1, which is a int; it is left out",
      "BTF type 6 (struct user) has its member p of type 2, which is of no known kind",
      "BTF type 4 (struct circle) contains itself; it is left out",
      "BTF type 3 (struct outside) has its member x outside of its 4 bytes; it is left out",
      "BTF type 6 (struct user) has its member o of type 3, which is of no known kind",
    ]);
    assert.deepEqual(
      [2, 3, 4, 5].map((id) => btf.type(id).kind),
      ["unknown", "unknown", "unknown", "unknown"],
    );
    assert.deepEqual(makeDecoder(btf, 6).decode(new DataView(new ArrayBuffer(16)), 0, 16), { i: 0 });
    assert.equal(mendBtf(btf).length, 6, "those that are left out, and the members of their types");
  });

  test("a sound table is left as it is", () => {
    const { btf } = parse(readFileSync(fixturePath("spec-code.bpf.o")));
    assert.ok(btf);
    assert.deepEqual(mendBtf(btf), []);
    const mended = parseBtf(mendForKernel(btf, { old: false }));
    for (let id = 1; id < btf.length; id++) assert.deepEqual(mended.type(id), btf.type(id));
  });
});

describe("an object", () => {
  const code = [
    { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 6 },
    { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 },
  ];
  const functions = [{ name: "p", section: "syscall", code }];
  const garbage = Uint8Array.from({ length: 64 }, (_, index) => index);

  test("whose types cannot be read at all is read without, when nothing needs them", () => {
    const spec = parse(makeObject({ functions, btf: garbage }));
    assert.equal(spec.btf, undefined);
    assert.deepEqual(spec.findings, [
      "BTF is broken: it does not begin with the BTF magic number; the object is read without types",
    ]);
    assert.equal(spec.programs.length, 1);
  });

  test("whose relocations or maps they are is refused", () => {
    assert.throws(() => parse(makeObject({ functions, btf: garbage, btfExt: garbage })), { code: "BAD_BTF" });
    const data = [{ name: ".maps", bytes: new Uint8Array(32) }];
    assert.throws(() => parse(makeObject({ functions, btf: garbage, data })), { code: "BAD_BTF" });
  });

  test("whose functions or lines are broken is read without them, and one whose relocations are is refused", () => {
    const { btf } = parse(readFileSync(fixturePath("spec-code.bpf.o")));
    assert.ok(btf);
    /** One section of records of 16 bytes, of which the one is at no instruction. */
    const broken = (part: 0 | 1 | 2): Uint8Array => {
      const words = [16, 0, 1, 3, 1, 0, 0];
      const bytes = new Uint8Array(32 + words.length * 4);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, 0xeb9f, true);
      view.setUint8(2, 1);
      view.setUint32(4, 32, true);
      view.setUint32(12 + part * 8, words.length * 4, true);
      words.forEach((word, index) => view.setUint32(32 + index * 4, word, true));
      return bytes;
    };
    for (const part of [0, 1] as const) {
      const faults: string[] = [];
      parseBtfExt(broken(part), btf, ({ message }) => faults.push(message));
      assert.equal(faults.length, 1);
      assert.throws(() => parseBtfExt(broken(part), btf), { code: "BAD_BTF", message: faults[0]! });
    }
    assert.throws(() => parseBtfExt(broken(2), btf, () => assert.fail()), { code: "BAD_BTF" });
  });

  test("of plain C has its findings in the spec, and variables without a type are bytes", () => {
    const spec = parse(readFileSync(fixturePath("spec-plain-c.bpf.o")));
    assert.equal(spec.findings?.length, 5);
    const type = (name: string): number => spec.variables.find((each) => each.name === name)!.type;
    assert.equal(type("alone"), 0);
    assert.equal(spec.btf?.nameOf(type("plain")), "struct plain");
  });
});
