import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { alignOf, BtfBuilder, parseBtf, parseBtfExt, validateBtf } from "../../src/btf/index.ts";
import type { Btf, NewBtfType } from "../../src/btf/index.ts";
import { EbpfError } from "../../src/base/errors.ts";

const vmlinux = "/sys/kernel/btf/vmlinux";

function readOrUndefined(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

const oneOfEach: readonly NewBtfType[] = [
  { kind: "int", name: "int", size: 4, encoding: "signed", bits: 32, bitOffset: 0 },
  { kind: "ptr", type: 4 },
  { kind: "array", type: 1, indexType: 1, length: 3 },
  {
    kind: "struct",
    name: "s",
    size: 16,
    members: [
      { name: "a", type: 1, bitOffset: 0, bitSize: 0 },
      { name: "b", type: 2, bitOffset: 64, bitSize: 0 },
    ],
  },
  {
    kind: "struct",
    name: "bits",
    size: 4,
    members: [
      { name: "a", type: 1, bitOffset: 0, bitSize: 3 },
      { name: "b", type: 1, bitOffset: 3, bitSize: 29 },
    ],
  },
  { kind: "union", name: "", size: 4, members: [{ name: "x", type: 1, bitOffset: 0, bitSize: 0 }] },
  {
    kind: "enum",
    name: "e",
    size: 4,
    signed: true,
    values: [
      { name: "MINUS", value: -1 },
      { name: "ONE", value: 1 },
    ],
  },
  { kind: "enum", name: "u", size: 4, signed: false, values: [{ name: "HIGH", value: 0xffff_ffff }] },
  { kind: "enum64", name: "e64", size: 8, signed: true, values: [{ name: "LOW", value: -(2n ** 63n) }] },
  { kind: "enum64", name: "u64", size: 8, signed: false, values: [{ name: "TOP", value: 2n ** 64n - 1n }] },
  { kind: "fwd", name: "later", of: "union" },
  { kind: "typedef", name: "alias", type: 1 },
  { kind: "volatile", type: 1 },
  { kind: "const", type: 1 },
  { kind: "restrict", type: 2 },
  {
    kind: "func_proto",
    returnType: 1,
    parameters: [
      { name: "p", type: 2 },
      { name: "", type: 0 },
    ],
  },
  { kind: "func", name: "f", type: 16, linkage: "global" },
  { kind: "var", name: "v", type: 1, linkage: "static" },
  { kind: "datasec", name: ".data", size: 4, variables: [{ type: 18, offset: 0, size: 4 }] },
  { kind: "float", name: "double", size: 8 },
  { kind: "decl_tag", name: "tag", type: 4, componentIndex: -1 },
  { kind: "type_tag", name: "user", type: 4 },
];

function build(types: readonly NewBtfType[]): Btf {
  const builder = new BtfBuilder();
  for (const type of types) builder.add(type);
  return parseBtf(builder.bytes());
}

test("every kind comes back as it was written", () => {
  const btf = build(oneOfEach);
  assert.equal(btf.length, oneOfEach.length + 1);
  oneOfEach.forEach((type, index) => assert.deepEqual(btf.type(index + 1), { ...type, id: index + 1 }));
  assert.deepEqual(btf.type(0), { kind: "void", id: 0 });
  validateBtf(btf);
  assert.throws(() => btf.type(btf.length), { code: "BAD_BTF" });
  const printed = JSON.parse(JSON.stringify(btf)) as unknown[];
  assert.equal(printed.length, btf.length);
  assert.deepEqual(printed[10], { ...oneOfEach[9], id: 10, values: [{ name: "TOP", value: "18446744073709551615" }] });
});

test("types are found by name, kind and flavor", () => {
  const btf = build([
    { kind: "struct", name: "task", size: 0, members: [] },
    { kind: "typedef", name: "task", type: 1 },
    { kind: "struct", name: "task___old", size: 0, members: [] },
    { kind: "struct", name: "task___old___two", size: 0, members: [] },
    { kind: "struct", name: "taskset", size: 0, members: [] },
    { kind: "struct", name: "task____four", size: 0, members: [] },
  ]);
  const ids = (types: readonly { id: number }[]): number[] => types.map((type) => type.id);
  assert.deepEqual(ids(btf.find("task")), [1, 2]);
  assert.deepEqual(ids(btf.find("task", "struct")), [1]);
  assert.deepEqual(ids(btf.find("tas")), []);
  assert.deepEqual(ids(btf.find("")), []);
  assert.deepEqual(ids(btf.findFlavors("task")), [1, 2, 3]);
  // What `task___old` is a flavor of is `task`: under its own name only further flavors are found.
  assert.deepEqual(ids(btf.findFlavors("task___old")), [4]);
});

test("sizes and alignments are those of C", () => {
  const builder = new BtfBuilder();
  const char = builder.int("char", 1, "char");
  const int = builder.int("int", 4, "signed");
  const long = builder.int("long", 8, "signed");
  const plain = builder.struct("plain", 16, [
    { name: "c", type: char, offset: 0 },
    { name: "l", type: long, offset: 8 },
  ]);
  const packed = builder.struct("packed", 9, [
    { name: "c", type: char, offset: 0 },
    { name: "l", type: long, offset: 1 },
  ]);
  const array = builder.array(builder.typedef("plain_t", plain), 3, int);
  const grid = builder.array(builder.array(int, 4), 2);
  const pointer = builder.pointer(0);
  const btf = parseBtf(builder.bytes());
  assert.deepEqual(
    [char, int, plain, packed, array, grid, pointer].map((id) => btf.sizeOf(id)),
    [1, 4, 16, 9, 48, 32, 8],
  );
  assert.deepEqual(
    [char, int, plain, packed, array, grid, pointer].map((id) => alignOf(btf, id)),
    [1, 4, 8, 1, 8, 4, 8],
  );
  assert.throws(() => btf.sizeOf(0), { code: "BAD_BTF" });
});

test("names are those of C", () => {
  const b = new BtfBuilder();
  const int = b.int("int", 4, "signed");
  const char = b.int("char", 1, "char");
  const event = b.struct("event", 0, []);
  const handler = b.add({ kind: "func_proto", returnType: 0, parameters: [{ name: "n", type: int }] });
  const constant = b.add({ kind: "const", type: char });
  const names: [number, string][] = [
    [0, "void"],
    [int, "int"],
    [b.pointer(event), "struct event *"],
    [b.pointer(b.pointer(0)), "void **"],
    [b.array(char, 16), "char[16]"],
    [b.array(b.array(int, 3), 2), "int[2][3]"],
    [b.array(b.pointer(char), 4), "char *[4]"],
    [b.pointer(b.array(char, 4)), "char (*)[4]"],
    [b.pointer(constant), "const char *"],
    [b.add({ kind: "const", type: b.pointer(char) }), "char *const"],
    [b.add({ kind: "volatile", type: b.add({ kind: "const", type: int }) }), "volatile const int"],
    [handler, "void (int)"],
    [b.pointer(handler), "void (*)(int)"],
    [b.array(b.pointer(handler), 2), "void (*[2])(int)"],
    // signal(3)
    [
      b.add({
        kind: "func_proto",
        returnType: b.pointer(handler),
        parameters: [
          { name: "", type: int },
          { name: "", type: b.pointer(handler) },
        ],
      }),
      "void (*(int, void (*)(int)))(int)",
    ],
    [
      b.add({
        kind: "func_proto",
        returnType: int,
        parameters: [
          { name: "", type: b.pointer(constant) },
          { name: "", type: 0 },
        ],
      }),
      "int (const char *, ...)",
    ],
    [
      b.add({
        kind: "func",
        name: "main",
        type: b.add({ kind: "func_proto", returnType: int, parameters: [] }),
        linkage: "global",
      }),
      "int main(void)",
    ],
    [b.enum("colour", {}), "enum colour"],
    [b.struct("", 0, []), "struct {…}"],
    [b.add({ kind: "fwd", name: "hidden", of: "union" }), "union hidden"],
    [b.typedef("pid_t", int), "pid_t"],
    [b.add({ kind: "type_tag", name: "user", type: event }), "struct event"],
  ];
  const btf = parseBtf(b.bytes());
  for (const [id, name] of names) assert.equal(btf.nameOf(id), name);
});

test("split BTF goes on where its base ends", () => {
  const base = new BtfBuilder();
  base.int("int", 4, "signed");
  const baseTable = parseBtf(base.bytes());
  // Offsets and ids as they are in a kernel module: behind the base's.
  const text = "\0module_struct\0";
  const baseText = "\0int\0".length;
  const bytes = new Uint8Array(24 + 24 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  const words = [24, 0, 24, 24, text.length, baseText + 1, (4 << 24) | 1, 4, 1, 1, 0];
  words.forEach((word, index) => view.setUint32(4 + index * 4, word, true));
  bytes.set(new TextEncoder().encode(text), 48);
  const btf = parseBtf(bytes, { base: baseTable });
  assert.deepEqual(btf.type(2), {
    kind: "struct",
    id: 2,
    name: "module_struct",
    size: 4,
    members: [{ name: "int", type: 1, bitOffset: 0, bitSize: 0 }],
  });
  assert.deepEqual(
    btf.find("int").map((type) => type.id),
    [1],
  );
  assert.deepEqual(
    btf.find("module_struct").map((type) => type.id),
    [2],
  );
  validateBtf(btf);
});

describe("broken headers", () => {
  const good = new BtfBuilder();
  good.int("int", 4);
  const patched = (change: (view: DataView) => void): Uint8Array => {
    const bytes = good.bytes();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const broken: [string, Uint8Array, RegExp][] = [
    ["no bytes", new Uint8Array(0), /truncated/],
    ["no magic", patched((view) => view.setUint16(0, 0x1234)), /magic number/],
    ["the other byte order", patched((view) => view.setUint16(0, 0xeb9f, false)), /big-endian/],
    ["another version", patched((view) => view.setUint8(2, 2)), /version 2/],
    ["a short header", patched((view) => view.setUint32(4, 8, true)), /header is 8 bytes/],
    ["types outside", patched((view) => view.setUint32(12, 1000, true)), /truncated/],
    ["strings outside", patched((view) => view.setUint32(16, 0xffff_ffff, true)), /truncated/],
    ["strings without end", patched((view) => view.setUint32(20, 3, true)), /does not end with a NUL/],
    ["an unknown kind", patched((view) => view.setUint32(28, 31 << 24, true)), /unknown kind 31, and no layout/],
    ["a kind of seven bits", patched((view) => view.setUint32(28, 33 << 24, true)), /unknown kind 33, and no layout/],
    ["flags that are not known", patched((view) => view.setUint8(3, 1)), /flags 0x1/],
    ["a type that is cut off", patched((view) => view.setUint32(28, (4 << 24) | 100, true)), /cut off|truncated/],
  ];
  for (const [what, bytes, message] of broken) {
    test(what, () =>
      assert.throws(
        () => parseBtf(bytes),
        (error) => error instanceof EbpfError && error.code === "BAD_BTF" && message.test(error.message),
      ),
    );
  }
});

/** A layout section behind the strings, and a header that names it (Linux 7.1). */
function withLayout(bytes: Uint8Array, entries: readonly (readonly [fixed: number, each: number])[]): Uint8Array {
  const old = bytes.length;
  const result = new Uint8Array(old + 8 + entries.length * 4);
  result.set(bytes.subarray(0, 24));
  result.set(bytes.subarray(24), 32);
  const view = new DataView(result.buffer);
  view.setUint32(4, 32, true);
  view.setUint32(24, old - 24, true);
  view.setUint32(28, entries.length * 4, true);
  entries.forEach(([fixed, each], kind) => {
    result[old + 8 + kind * 4] = fixed;
    result[old + 9 + kind * 4] = each;
  });
  return result;
}

describe("what came with Linux 7.1", () => {
  test("more entries than 16 bits can count", () => {
    const builder = new BtfBuilder();
    const values = Array.from({ length: 70_000 }, (_, value) => ({ name: "V", value }));
    const id = builder.add({ kind: "enum", name: "many", size: 4, signed: false, values });
    const btf = parseBtf(builder.bytes());
    assert.equal(btf.length, 2);
    const type = btf.type(id);
    assert.ok(type.kind === "enum");
    assert.equal(type.values.length, 70_000);
    assert.equal(type.values.at(-1)!.value, 69_999);
  });

  test("kinds that are not known are skipped by the layout section, and known by their number", () => {
    const builder = new BtfBuilder();
    builder.int("int", 4, "signed");
    // Read as one of kind 33, with the name of the first, a fixed part of 12 bytes, and 8 for each of 2 entries: the pointer's are its own.
    builder.add({ kind: "func_proto", returnType: 0, parameters: [1, 1].map((type) => ({ name: "", type })) });
    builder.add({ kind: "ptr", type: 0 });
    builder.add({ kind: "typedef", name: "after", type: 1 });
    const bytes = builder.bytes();
    const view = new DataView(bytes.buffer);
    view.setUint32(24 + 16, 1, true);
    view.setUint32(24 + 16 + 4, (33 << 24) | 2, true);
    const layout: [number, number][] = Array.from({ length: 34 }, (_, kind) => (kind === 33 ? [12, 8] : [0, 0]));
    const btf = parseBtf(withLayout(bytes, layout));
    assert.deepEqual(btf.type(2), { kind: "unknown", id: 2, name: "int", number: 33 });
    assert.deepEqual(btf.type(3), { kind: "typedef", id: 3, name: "after", type: 1 });
    assert.equal(btf.length, 4);
    assert.equal(btf.nameOf(2), "int");
    assert.throws(() => btf.sizeOf(2), { code: "BAD_BTF" });
    validateBtf(btf);
    assert.throws(() => parseBtf(withLayout(bytes, layout.slice(0, 33))), /unknown kind 33, and no layout/);
  });

  test("a layout section changes nothing of the kinds that are known", () => {
    const builder = new BtfBuilder();
    for (const type of oneOfEach) builder.add(type);
    const btf = parseBtf(
      withLayout(
        builder.bytes(),
        Array.from({ length: 20 }, () => [255, 255] as const),
      ),
    );
    oneOfEach.forEach((type, index) => assert.deepEqual(btf.type(index + 1), { ...type, id: index + 1 }));
    assert.throws(() => parseBtf(withLayout(builder.bytes(), []).subarray(0, 40)), { code: "BAD_BTF" });
  });
});

test("the encodings of an int: what GCC writes of char is signed, what nobody knows is no int", () => {
  const encoded = (encoding: number): unknown => {
    const builder = new BtfBuilder();
    builder.int("char", 1);
    const bytes = builder.bytes();
    bytes[24 + 12 + 3] = encoding;
    const type = parseBtf(bytes).type(1);
    return type.kind === "int" ? type.encoding : type.kind;
  };
  assert.deepEqual([0, 1, 2, 3, 4].map(encoded), ["unsigned", "signed", "char", "signed", "bool"]);
  assert.deepEqual([5, 8, 0x10, 0x81].map(encoded), ["unknown", "unknown", "unknown", "unknown"]);
});

describe("broken tables are refused by validation", () => {
  const int: NewBtfType = { kind: "int", name: "int", size: 4, encoding: "signed", bits: 32, bitOffset: 0 };
  const member = (
    type: number,
    bitOffset = 0,
    bitSize = 0,
  ): { name: string; type: number; bitOffset: number; bitSize: number } => ({ name: "m", type, bitOffset, bitSize });
  const broken: [string, NewBtfType[], RegExp][] = [
    ["a reference out of range", [{ kind: "ptr", type: 9 }], /type 9, while the last type is 1/],
    ["a struct in itself", [{ kind: "struct", name: "s", size: 4, members: [member(1)] }], /contains itself/],
    ["a typedef of itself", [{ kind: "typedef", name: "t", type: 1 }], /contains itself/],
    [
      "typedefs in a circle",
      [
        { kind: "typedef", name: "a", type: 2 },
        { kind: "const", type: 1 },
      ],
      /contains itself/,
    ],
    ["an array of itself", [{ kind: "array", type: 1, indexType: 2, length: 2 }, int], /contains itself/],
    ["a pointer to itself", [{ kind: "ptr", type: 1 }], /contains itself/],
    [
      "a prototype with itself",
      [
        { kind: "func_proto", returnType: 2, parameters: [] },
        { kind: "ptr", type: 1 },
      ],
      /contains itself/,
    ],
    [
      "a member outside",
      [int, { kind: "struct", name: "s", size: 4, members: [member(1, 8)] }],
      /outside of its 4 bytes/,
    ],
    [
      "a member between bytes",
      [
        { kind: "ptr", type: 0 },
        { kind: "struct", name: "s", size: 16, members: [member(1, 3)] },
      ],
      /between two bytes/,
    ],
    [
      "a bitfield that is too wide",
      [int, { kind: "struct", name: "s", size: 8, members: [member(1, 0, 33)] }],
      /impossible bitfield/,
    ],
    [
      "a bitfield of a pointer",
      [
        { kind: "ptr", type: 0 },
        { kind: "struct", name: "s", size: 8, members: [member(1, 0, 3)] },
      ],
      /impossible bitfield/,
    ],
    ["a member of void", [{ kind: "struct", name: "s", size: 4, members: [member(0)] }], /which is a void/],
    [
      "an array of functions",
      [int, { kind: "func_proto", returnType: 0, parameters: [] }, { kind: "array", type: 2, indexType: 1, length: 1 }],
      /which is a func_proto/,
    ],
    [
      "an array that is too large",
      [
        int,
        { kind: "array", type: 1, indexType: 1, length: 0x4000_0000 },
        { kind: "array", type: 2, indexType: 1, length: 0x4000_0000 },
      ],
      /larger than 4 GiB/,
    ],
    ["a function of an int", [int, { kind: "func", name: "f", type: 1, linkage: "static" }], /prototype of type 1/],
    [
      "a section of an int",
      [int, { kind: "datasec", name: ".data", size: 4, variables: [{ type: 1, offset: 0, size: 4 }] }],
      /no variable/,
    ],
    ["a typedef without name", [int, { kind: "typedef", name: "", type: 1 }], /has no name/],
    ["an int with too many bits", [{ ...int, bits: 40 }], /40 bits/],
  ];
  for (const [what, types, message] of broken) {
    test(what, () =>
      assert.throws(
        () => validateBtf(build(types)),
        (error) => error instanceof EbpfError && error.code === "BAD_BTF" && message.test(error.message),
      ),
    );
  }

  test("a chain that is too long", () => {
    const types: NewBtfType[] = [int];
    for (let id = 1; id <= 100_000; id++) types.push({ kind: "const", type: id });
    assert.throws(() => validateBtf(build(types)), { code: "BAD_BTF" });
  });
});

test("tables that were not validated end too: cycles, and names without end", () => {
  const cycle = build([
    { kind: "typedef", name: "a", type: 1 },
    { kind: "array", type: 2, indexType: 2, length: 2 },
    { kind: "ptr", type: 3 },
  ]);
  assert.throws(() => cycle.resolve(1), { code: "BAD_BTF" });
  assert.throws(() => cycle.sizeOf(2), { code: "BAD_BTF" });
  assert.throws(() => alignOf(cycle, 2), { code: "BAD_BTF" });
  assert.ok(cycle.nameOf(3).length < 10_000);
  const spread = build([
    {
      kind: "func_proto",
      returnType: 1,
      parameters: [
        { name: "", type: 1 },
        { name: "", type: 1 },
      ],
    },
  ]);
  assert.ok(spread.nameOf(1).length < 100_000);
});

test("names that overlap are bounded by the size of the string section", () => {
  const count = 2000;
  const text = new Uint8Array(200_000).fill(0x61);
  text[0] = 0;
  text[text.length - 1] = 0;
  const bytes = new Uint8Array(24 + count * 12 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  [24, 0, count * 12, count * 12, text.length].forEach((word, index) => view.setUint32(4 + index * 4, word, true));
  for (let i = 0; i < count; i++) {
    view.setUint32(24 + i * 12, 1 + i, true);
    view.setUint32(28 + i * 12, 7 << 24, true);
  }
  bytes.set(text, 24 + count * 12);
  assert.throws(() => validateBtf(parseBtf(bytes)), { code: "BAD_BTF", message: /names overlap/ });
});

describe("the kernel's own types", () => {
  const bytes = readOrUndefined(vmlinux);
  const skip = bytes === undefined ? `this host has no readable ${vmlinux}` : false;

  test("are found quickly, and are valid", { skip }, () => {
    const btf = parseBtf(bytes!);
    assert.ok(btf.length > 10_000);
    const task = btf.find("task_struct", "struct")[0]!;
    assert.equal(task.kind, "struct");
    const comm = task.kind === "struct" ? task.members.find((member) => member.name === "comm") : undefined;
    assert.equal(btf.nameOf(comm!.type), "char[16]");
    validateBtf(btf);
  });

  test("are what bpftool says", { skip: skip || bpftoolIsMissing() }, () => {
    const said = JSON.parse(
      execFileSync("bpftool", ["-j", "btf", "dump", "file", vmlinux, "format", "raw"], {
        encoding: "utf8",
        maxBuffer: 2 ** 30,
      }),
    ) as { types: Raw[] };
    const btf = parseBtf(bytes!);
    assert.equal(btf.length - 1, said.types.length);
    for (const raw of said.types) assert.deepEqual(asRaw(btf, raw.id), pick(raw), `type ${raw.id}`);
  });
});

interface Raw {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly [key: string]: unknown;
}

function bpftoolIsMissing(): string | false {
  try {
    execFileSync("bpftool", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "bpftool is not installed";
  }
}

/** What both sides can say of a type. Bitfields are given by bpftool only where there are any. */
function pick(raw: Raw): unknown {
  const members = raw["members"] as
    | { name: string; type_id: number; bits_offset: number; bitfield_size?: number }[]
    | undefined;
  return {
    kind: raw.kind.toLowerCase(),
    name: raw.name === "(anon)" ? "" : raw.name,
    size: raw["size"],
    target: raw.kind === "FUNC_PROTO" ? raw["ret_type_id"] : raw["type_id"],
    count: raw["nr_elems"],
    members: members?.map((m) => [m.name === "(anon)" ? "" : m.name, m.type_id, m.bits_offset, m.bitfield_size ?? 0]),
    values: (raw["values"] as { name: string }[] | undefined)?.map((value) => value.name),
    parameters: (raw["params"] as { type_id: number }[] | undefined)?.map((parameter) => parameter.type_id),
  };
}

function asRaw(btf: Btf, id: number): unknown {
  const type = btf.type(id);
  return {
    kind: type.kind,
    name: "name" in type ? type.name : "",
    size: "size" in type ? type.size : undefined,
    target: type.kind === "func_proto" ? type.returnType : "type" in type ? type.type : undefined,
    count: type.kind === "array" ? type.length : undefined,
    members: "members" in type ? type.members.map((m) => [m.name, m.type, m.bitOffset, m.bitSize]) : undefined,
    values: "values" in type ? type.values.map((value) => value.name) : undefined,
    parameters: "parameters" in type ? type.parameters.map((parameter) => parameter.type) : undefined,
  };
}

describe(".BTF.ext", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, "signed");
  builder.add({
    kind: "func",
    name: "main",
    type: builder.add({ kind: "func_proto", returnType: int, parameters: [] }),
    linkage: "global",
  });
  // A few texts for the records to name.
  for (const text of ["socket", "main.c", "return 0;", "0:1"]) builder.typedef(text, int);
  const btf = parseBtf(builder.bytes());
  const offsetOf = (text: string): number => {
    for (let offset = 1; offset < 200; offset++) if (btf.string(offset) === text) return offset;
    throw new Error(text);
  };

  /** Records may be longer than what is known of them: 4 bytes more, here. */
  function ext(slotBytes: number, functionType: number, count = 1): Uint8Array {
    const section = (record: number[]): number[] => [(record.length + 1) * 4, offsetOf("socket"), count, ...record, 0];
    const functions = section([slotBytes, functionType]);
    const lines = section([slotBytes, offsetOf("main.c"), offsetOf("return 0;"), (7 << 10) | 3]);
    const relocations = section([slotBytes, int, offsetOf("0:1"), 2]);
    const words = [
      32,
      0,
      functions.length * 4,
      functions.length * 4,
      lines.length * 4,
      (functions.length + lines.length) * 4,
      relocations.length * 4,
      ...functions,
      ...lines,
      ...relocations,
    ];
    const bytes = new Uint8Array(4 + words.length * 4);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0xeb9f, true);
    view.setUint8(2, 1);
    words.forEach((word, index) => view.setUint32(4 + index * 4, word, true));
    return bytes;
  }

  test("gives functions, lines and relocations by section", () => {
    const parsed = parseBtfExt(ext(16, 3), btf);
    assert.deepEqual(parsed.functions.get("socket"), [{ slot: 2, type: 3 }]);
    const line = {
      slot: 2,
      file: "main.c",
      line: 7,
      column: 3,
      text: "return 0;",
      fileOffset: offsetOf("main.c"),
      textOffset: offsetOf("return 0;"),
    };
    assert.deepEqual(parsed.lines.get("socket"), [line]);
    assert.deepEqual(parsed.relocations.get("socket"), [{ slot: 2, type: int, access: "0:1", kind: 2 }]);
  });

  test("may end before the relocations", () => {
    const bytes = ext(8, 3);
    const short = new Uint8Array(bytes.length - 8);
    short.set(bytes.subarray(0, 24));
    short.set(bytes.subarray(32), 24);
    new DataView(short.buffer).setUint32(4, 24, true);
    assert.equal(parseBtfExt(short, btf).relocations.size, 0);
  });

  test("refuses what cannot be", () => {
    assert.throws(() => parseBtfExt(ext(12, 3), btf), { code: "BAD_BTF", message: /byte 12 is not the start/ });
    assert.throws(() => parseBtfExt(ext(8, 1), btf), { code: "BAD_BTF", message: /no function/ });
    assert.throws(() => parseBtfExt(ext(8, 3, 0xffff_ffff), btf), { code: "BAD_BTF", message: /truncated/ });
  });
});
