import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type ExecutableSymbol, findExecutableSymbol } from "../../src/elf/executable/find-symbol.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { mutate, randomFrom } from "../support/mutate.ts";
import { buildExecutable, fileOf } from "./executable-file.ts";

interface TestSymbol {
  readonly name: string;
  readonly address: number;
  readonly size?: number;
  /** STT_*: 1 object, 2 function. */
  readonly type?: number;
  readonly local?: boolean;
  readonly undefined?: boolean;
}

interface TestFile {
  readonly symbols?: readonly TestSymbol[];
  readonly dynamic?: readonly TestSymbol[];
  /** ET_*: 2 executable, 3 shared. */
  readonly type?: number;
}

const base = 0x40_0000;
const codeOffset = 0x1000;

/** An ELF64 file whose code, at file offset 0x1000, is loaded at 0x401000; another segment is data. */
function build({ symbols, dynamic, type = 2 }: TestFile): Uint8Array {
  const chunks: { bytes: Uint8Array; type: number; link: number }[] = [{ bytes: new Uint8Array(0), type: 0, link: 0 }];
  for (const [table, kind] of [
    [symbols, 2],
    [dynamic, 11],
  ] as const) {
    if (table === undefined) continue;
    const names = new TextEncoder().encode(`\0${table.map((symbol) => `${symbol.name}\0`).join("")}`);
    chunks.push({ bytes: names, type: 3, link: 0 });
    chunks.push({ bytes: symbolTable(table, names), type: kind, link: chunks.length - 1 });
  }
  const dataOffset = codeOffset + 0x1000;
  const tableOffset = dataOffset + chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const file = new Uint8Array(tableOffset + 64 * chunks.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setBigUint64(0x20, 64n, true);
  view.setBigUint64(0x28, BigInt(tableOffset), true);
  view.setUint16(0x36, 56, true);
  view.setUint16(0x38, 2, true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, chunks.length, true);
  segment(view, 64, { flags: 4, offset: 0, address: base });
  segment(view, 64 + 56, { flags: 5, offset: codeOffset, address: base + 0x1000 });
  let at = dataOffset;
  for (const [index, { bytes, type: kind, link }] of chunks.entries()) {
    file.set(bytes, at);
    const header = tableOffset + 64 * index;
    view.setUint32(header + 4, kind, true);
    view.setBigUint64(header + 24, BigInt(at), true);
    view.setBigUint64(header + 32, BigInt(bytes.length), true);
    view.setUint32(header + 40, link, true);
    at += bytes.length;
  }
  return file;
}

function segment(
  view: DataView,
  at: number,
  { flags, offset, address }: { flags: number; offset: number; address: number },
): void {
  view.setUint32(at, 1, true);
  view.setUint32(at + 4, flags, true);
  view.setBigUint64(at + 8, BigInt(offset), true);
  view.setBigUint64(at + 16, BigInt(address), true);
  view.setBigUint64(at + 32, 0x1000n, true);
}

function symbolTable(symbols: readonly TestSymbol[], names: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(names);
  const table = new Uint8Array(24 * (symbols.length + 1));
  const view = new DataView(table.buffer);
  for (const [index, symbol] of symbols.entries()) {
    const at = 24 * (index + 1);
    view.setUint32(at, text.indexOf(`\0${symbol.name}\0`) + 1, true);
    view.setUint8(at + 4, ((symbol.local === true ? 0 : 1) << 4) | (symbol.type ?? 2));
    view.setUint16(at + 6, symbol.undefined === true ? 0 : 1, true);
    view.setBigUint64(at + 8, BigInt(symbol.address), true);
    view.setBigUint64(at + 16, BigInt(symbol.size ?? 16), true);
  }
  return table;
}

function find(file: TestFile, name: string): ExecutableSymbol {
  return findExecutableSymbol(fileOf(build(file)), name);
}

const code = base + 0x1000;

describe("functions of an executable", () => {
  it("by their offset in the file, in either table and either kind of file", () => {
    const symbols = [{ name: "main", address: code + 0x40, size: 77 }];
    const expected = { name: "main", offset: codeOffset + 0x40, size: 77 };
    assert.deepEqual(find({ symbols }, "main"), expected);
    assert.deepEqual(find({ dynamic: symbols, type: 3 }, "main"), expected);
    assert.deepEqual(find({ symbols, dynamic: symbols, type: 3 }, "main"), expected);
  });

  it("with a version behind the name, and not one whose name only begins or ends like it", () => {
    const symbols = [
      { name: "xabs", address: code },
      { name: "absolute", address: code + 8 },
      { name: "abs@@LIB_1.0", address: code + 16 },
    ];
    assert.equal(find({ symbols }, "abs").offset, codeOffset + 16);
    assert.equal(find({ symbols }, "xabs").offset, codeOffset);
  });

  it("a global one wins over local ones; two of a kind are refused", () => {
    const local = [
      { name: "run", address: code + 8, local: true },
      { name: "run", address: code + 16, local: true },
    ];
    assert.equal(find({ symbols: [...local, { name: "run", address: code + 32 }] }, "run").offset, codeOffset + 32);
    assert.throws(() => find({ symbols: local }, "run"), { code: "NOT_FOUND", message: /0x401008, 0x401010/ });
  });

  it("only functions that are defined", () => {
    const symbols = [
      { name: "data", address: code, type: 1 },
      { name: "import", address: 0, undefined: true },
      { name: "elsewhere", address: base + 8 },
    ];
    assert.throws(() => find({ symbols }, "data"), { code: "NOT_FOUND" });
    assert.throws(() => find({ symbols }, "import"), { code: "NOT_FOUND" });
    assert.throws(() => find({ symbols }, "elsewhere"), { code: "BAD_OBJECT", message: /no code/ });
    assert.throws(() => find({ symbols }, ""), { code: "NOT_FOUND" });
    assert.throws(() => find({}, "main"), { code: "NOT_FOUND", message: /stripped/ });
  });

  it("of files of another kind are refused", () => {
    const script = new TextEncoder().encode("#!/bin/sh\necho hello\n");
    assert.throws(() => findExecutableSymbol(fileOf(script), "main"), { code: "BAD_OBJECT", message: /script/ });
    assert.throws(() => find({ type: 1 }, "main"), { code: "BAD_OBJECT" });
    const narrow = build({});
    narrow[4] = 1;
    assert.throws(() => findExecutableSymbol(fileOf(narrow), "main"), { code: "BAD_OBJECT", message: /64 bits/ });
  });

  it("of a broken file: an answer or our error, and no read of more than there is", () => {
    const good = build({ symbols: [{ name: "main", address: code }], dynamic: [{ name: "main", address: code }] });
    const random = randomFrom(3);
    let refused = 0;
    for (let turn = 0; turn < 4000; turn += 1) {
      const file = mutate(good, random);
      // Most of the file is padding: a part of the changes goes where they matter.
      if (file.length > 0x2000) for (let i = 0; i < 2; i += 1) file[file.length - 1 - random(330)] = random(256);
      try {
        findExecutableSymbol(fileOf(file), "main");
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 500 && refused < 4000, `${refused} refused`);
  });

  const libc = "/lib/x86_64-linux-gnu/libc.so.6";
  it("of the C library", { skip: existsSync(libc) ? false : `there is no ${libc}` }, () => {
    const bytes = readFileSync(libc);
    const { offset, size } = findExecutableSymbol(fileOf(bytes), "abs");
    assert.ok(size > 0 && offset > 0 && offset + size < bytes.length);
  });
});

/** A dynamic symbol table with versions beside it: of each symbol the number, and whether it is hidden. */
function versioned(
  symbols: readonly (TestSymbol & { readonly version: number })[],
  versions: readonly string[],
): Uint8Array {
  const names = new TextEncoder().encode(
    `\0${[...symbols.map(({ name }) => name), ...versions].map((name) => `${name}\0`).join("")}`,
  );
  const text = new TextDecoder().decode(names);
  const numbers = new Uint8Array(2 * (symbols.length + 1));
  const defined = new Uint8Array(28 * versions.length);
  for (const [index, { version }] of symbols.entries())
    new DataView(numbers.buffer).setUint16(2 * (index + 1), version, true);
  const view = new DataView(defined.buffer);
  for (const [index, name] of versions.entries()) {
    view.setUint16(28 * index + 4, index + 2, true);
    view.setUint32(28 * index + 12, 20, true);
    view.setUint32(28 * index + 16, index === versions.length - 1 ? 0 : 28, true);
    view.setUint32(28 * index + 20, text.indexOf(`\0${name}\0`) + 1, true);
  }
  return buildExecutable({
    type: 3,
    sections: [
      { name: ".dynstr", type: 3, bytes: names },
      { name: ".dynsym", type: 11, bytes: symbolTable(symbols, names), link: 1 },
      { name: ".gnu.version", type: 0x6fff_ffff, bytes: numbers, link: 2 },
      { name: ".gnu.version_d", type: 0x6fff_fffd, bytes: defined, link: 1 },
    ],
  });
}

describe("functions of several versions", () => {
  const hidden = 0x8000;
  const symbols = [
    { name: "path", address: code + 0x10, version: 3 },
    { name: "path", address: code + 0x20, version: hidden | 2 },
    { name: "old", address: code + 0x30, version: hidden | 2 },
    { name: "old", address: code + 0x40, version: hidden | 3 },
    { name: "plain", address: code + 0x50, version: 1 },
  ];
  const file = versioned(symbols, ["LIB_1", "LIB_2"]);
  const offsetOf = (name: string): number => findExecutableSymbol(fileOf(file), name).offset - codeOffset;

  it("by their version; without one that which programs are linked against today", () => {
    assert.equal(offsetOf("path"), 0x10);
    assert.equal(offsetOf("path@@LIB_2"), 0x10);
    assert.equal(offsetOf("path@LIB_1"), 0x20);
    assert.equal(offsetOf("old@LIB_2"), 0x40);
    assert.equal(offsetOf("plain"), 0x50);
  });

  it("others are refused, and those told that there are", () => {
    const refused = (name: string, message: RegExp): void =>
      assert.throws(() => offsetOf(name), { code: "NOT_FOUND", message });
    refused("path@LIB_3", /it has path@@LIB_2 and path@LIB_1$/);
    refused("plain@LIB_1", /without a version/);
    refused("old", /name its version, old@LIB_1 or old@LIB_2$/);
  });

  it("of broken tables: an answer or our error", () => {
    const random = randomFrom(9);
    for (let turn = 0; turn < 2000; turn += 1) {
      const broken = new Uint8Array(file);
      for (let i = 0; i < 2; i += 1) broken[0x3000 + random(broken.length - 0x3000)] = random(256);
      try {
        findExecutableSymbol(fileOf(broken), "path@LIB_1");
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
      }
    }
  });
});
