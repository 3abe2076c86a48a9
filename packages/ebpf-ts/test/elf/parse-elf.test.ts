import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { fixturePath } from "../support/fixtures.ts";

const SECTION_HEADER = 64;

function fixture(name = "spec-code.bpf.o"): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(name)));
}

/** The fixture with one number of the file changed. */
function changed(change: (view: DataView, headers: number) => void, name?: string): Uint8Array {
  const bytes = fixture(name);
  const view = new DataView(bytes.buffer);
  change(view, Number(view.getBigUint64(0x28, true)));
  return bytes;
}

function refuses(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => parseElf(bytes),
    (error) => {
      assert.ok(error instanceof EbpfError);
      assert.equal(error.code, "BAD_OBJECT");
      assert.match(error.message, message);
      return true;
    },
  );
}

/** The header of a section, by name. */
function headerOf(name: string): number {
  const section = parseElf(fixture()).sections.find((candidate) => candidate.name === name);
  assert.ok(section, `no section ${name}`);
  return section.index * SECTION_HEADER;
}

test("sections, symbols and relocations of a compiled object", () => {
  const elf = parseElf(fixture());
  const code = elf.sections.find((section) => section.name === "tracepoint/syscalls/sys_enter_kill");
  assert.ok(code);
  assert.equal(code.type, 1);
  assert.equal(code.flags & 6, 6);
  assert.equal(code.size, code.data.length);
  const program = elf.symbols.find((symbol) => symbol.name === "first_program");
  assert.deepEqual(
    { ...program, index: 0, size: 0 },
    {
      index: 0,
      name: "first_program",
      value: 0,
      size: 0,
      type: "function",
      binding: "global",
      visibility: "default",
      sectionIndex: code.index,
    },
  );
  assert.equal(elf.symbols.find((symbol) => symbol.name === "hidden_function")?.visibility, "hidden");
  assert.equal(elf.symbols.find((symbol) => symbol.name === "weak_function")?.binding, "weak");
  const relocations = elf.relocations.get(code.index) ?? [];
  const targets = relocations.map((relocation) => elf.symbols[relocation.symbol]?.name);
  assert.ok(targets.includes("global_function") && targets.includes("counts"));
});

test("uninitialised sections have a size, and no bytes", () => {
  const bss = parseElf(fixture()).sections.find((section) => section.name === ".bss");
  assert.equal(bss?.type, 8);
  assert.equal(bss.size, 8);
  assert.equal(bss.data.length, 0);
});

test("what is not an ELF file is said to be none", () => {
  refuses(new Uint8Array(0), /not an ELF file: give an eBPF object as clang -target bpf -c writes it/);
  refuses(new TextEncoder().encode("#!/bin/sh\n"), /not an ELF file/);
  refuses(fixture().subarray(0, 40), /truncated: it has 40 bytes/);
});

test("the ELF file of another machine is named", () => {
  refuses(
    new Uint8Array(readFileSync("/proc/self/exe")).slice(0, 4096),
    /is for (x86-64|ARM64), not for eBPF: compile it with clang -target bpf -c/,
  );
  refuses(
    changed((view) => view.setUint16(18, 243, true)),
    /is for RISC-V/,
  );
  refuses(
    changed((view) => view.setUint16(18, 4711, true)),
    /is for machine 4711/,
  );
});

test("a big-endian object is refused with the way out", () => {
  refuses(fixture("bad/big-endian.bpf.o"), /big-endian eBPF.*-target bpfel/);
});

test("only object files are read", () => {
  refuses(
    changed((view) => view.setUint16(16, 2, true)),
    /is an executable rather than an object file/,
  );
  refuses(
    changed((view) => view.setUint8(4, 1)),
    /has 64 bits/,
  );
});

test("broken tables are refused", () => {
  refuses(
    changed((view) => view.setBigUint64(0x28, 0xffff_ffff_ffff_ffffn, true)),
    /larger than any file/,
  );
  refuses(
    changed((view) => view.setBigUint64(0x28, 1n << 40n, true)),
    /truncated/,
  );
  refuses(
    changed((view) => view.setUint16(0x3c, 0, true)),
    /no sections/,
  );
  refuses(
    changed((view) => view.setUint16(0x3a, 56, true)),
    /56 bytes rather than 64/,
  );
  refuses(
    changed((view) => view.setUint16(0x3e, 2, true)),
    /section 2 is no string table/,
  );
  refuses(
    changed((view) => view.setUint16(0x3e, 0xffff, true)),
    /section 65535 is no string table/,
  );
});

test("sections outside of the file, or over one another, are refused", () => {
  const text = headerOf(".text");
  refuses(
    changed((view, headers) => view.setBigUint64(headers + text + 24, 1n << 32n, true)),
    /truncated/,
  );
  refuses(
    changed((view, headers) => view.setBigUint64(headers + text + 32, 1n << 52n, true)),
    /truncated/,
  );
  refuses(
    changed((view, headers) => {
      view.setBigUint64(headers + text + 24, 0n, true);
      view.setBigUint64(headers + text + 32, BigInt(headers), true);
    }),
    /sections overlap/,
  );
});

test("broken symbols and relocations are refused", () => {
  const symbols = headerOf(".symtab");
  const relocations = headerOf(".rel.text");
  const data = (view: DataView, header: number): number => Number(view.getBigUint64(header + 24, true));
  refuses(
    changed((view, headers) => view.setUint16(data(view, headers + symbols) + 24 + 6, 200, true)),
    /lies in section 200, which does not exist/,
  );
  refuses(
    changed((view, headers) => view.setUint32(data(view, headers + symbols) + 24, 0x7fff_ffff, true)),
    /symbol names is truncated/,
  );
  refuses(
    changed((view, headers) => view.setBigUint64(headers + symbols + 32, 25n, true)),
    /not a multiple of 24/,
  );
  refuses(
    changed((view, headers) => view.setUint32(headers + symbols + 4, 1, true)),
    /no symbol table/,
  );
  refuses(
    changed((view, headers) => view.setUint32(headers + relocations + 4, 4, true)),
    /of the kind RELA/,
  );
  refuses(
    changed((view, headers) => view.setUint32(headers + relocations + 44, 999, true)),
    /sections that do not exist/,
  );
  refuses(
    changed((view, headers) => view.setBigUint64(data(view, headers + relocations), 1n << 30n, true)),
    /\.rel\.text patches offset 1073741824 of \.text/,
  );
  refuses(
    changed((view, headers) => view.setUint32(data(view, headers + relocations) + 12, 0xffff_ffff, true)),
    /names symbol 4294967295, which does not exist/,
  );
});

test("names that overlap cannot exhaust memory", () => {
  const count = 3000;
  const text = 64 * 1024;
  const symbols = 64;
  const names = symbols + count * 24;
  const headers = names + text;
  const bytes = new Uint8Array(headers + 3 * SECTION_HEADER);
  const view = new DataView(bytes.buffer);
  bytes.set(fixture().subarray(0, 64));
  view.setBigUint64(0x28, BigInt(headers), true);
  view.setUint16(0x3c, 3, true);
  view.setUint16(0x3e, 2, true);
  bytes.fill(65, names, headers - 1);
  for (let index = 0; index < count; index++) view.setUint32(symbols + index * 24, index, true);
  const sections = [
    [1, 2, symbols, count * 24],
    [2, 3, names, text],
  ] as const;
  for (const [index, type, offset, size] of sections) {
    const at = headers + index * SECTION_HEADER;
    view.setUint32(at, text - 1, true);
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(size), true);
    view.setUint32(at + 40, 2, true);
  }
  view.setUint32(headers, text - 1, true);
  refuses(bytes, /names overlap/);
});

test("what the header or a section cannot say in its bits is refused by name", () => {
  const many = changed((view, headers) => {
    view.setUint16(0x3c, 0, true);
    view.setBigUint64(headers + 32, 70_000n, true);
  });
  assert.throws(
    () => parseElf(many),
    (error) => error instanceof EbpfError && error.code === "TOO_BIG" && /more than 65279 sections/.test(error.message),
  );
  const compressed = changed((view, headers) => view.setUint32(headers + headerOf(".BTF") + 8, 0x800, true));
  refuses(compressed, /^Section \.BTF is compressed/);
});
