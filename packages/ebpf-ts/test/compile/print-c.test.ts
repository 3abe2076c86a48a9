import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BtfBuilder, hasValue, mendBtf, parseBtf, printC, type Btf, type BtfComposite } from "../../src/btf/index.ts";
import { buildKernelBtf } from "../../src/engine/embedded/load/own-btf.ts";
import { engineHeader } from "../../src/compile/engine-header.ts";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mutate, randomFrom } from "../support/mutate.ts";
import { compilersOrSkip, orFail } from "../support/requirements.ts";

const kernelTypes = "/sys/kernel/btf/vmlinux";
const compilers = ["clang-14", "clang-19"];

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "ebpf-print-c-"));
});
after(() => rmSync(folder, { recursive: true }));

/** Structs with a name of their own: two of one name are told apart in C by another. */
function namedStructs(btf: Btf): BtfComposite[] {
  const seen = new Map<string, BtfComposite | undefined>();
  for (let id = 1; id < btf.length; id++) {
    const type = btf.type(id);
    if (type.kind === "enum" || type.kind === "enum64" || type.kind === "fwd") {
      if (type.kind !== "fwd") seen.set(type.name, undefined);
    } else if ((type.kind === "struct" || type.kind === "union") && type.name !== "") {
      seen.set(type.name, seen.has(type.name) ? undefined : type);
    }
  }
  return [...seen.values()].filter((type) => type !== undefined);
}

/** What C must agree to: the size of every struct, and the offset of every member that has one. */
function assertions(btf: Btf): string {
  return namedStructs(btf)
    .flatMap((type) => {
      const name = `${type.kind} ${type.name}`;
      const members = type.members.filter((each) => each.name !== "" && each.bitSize === 0 && hasValue(btf, each.type));
      return [
        `_Static_assert(sizeof(${name}) == ${type.size}, "");`,
        ...members.map(
          (each) => `_Static_assert(__builtin_offsetof(${name}, ${each.name}) == ${each.bitOffset / 8}, "");`,
        ),
      ];
    })
    .join("\n");
}

/** Gives what the compiler said. */
function check(compiler: string, header: string, more: string): string {
  writeFileSync(join(folder, "types.h"), header);
  writeFileSync(join(folder, "check.c"), `#include "types.h"\n${more}\n`);
  const args = ["--target=bpfel", "-O2", "-Wall", "-Werror", "-ferror-limit=5", "-fsyntax-only", "check.c"];
  return spawnSync(compiler, args, { cwd: folder, encoding: "utf8" }).stderr;
}

describe("types printed as C", { skip: compilersOrSkip(...compilers) }, () => {
  for (const compiler of compilers) {
    it(
      `the kernel's, all of them, for ${compiler}`,
      { skip: orFail(existsSync(kernelTypes) ? false : "this kernel has no BTF") },
      () => {
        const btf = parseBtf(readFileSync(kernelTypes));
        const expected = assertions(btf);
        assert.ok(expected.length > 1_000_000);
        assert.equal(check(compiler, printC(btf), expected), "");
      },
    );

    it(`the embedded engine's, for ${compiler}`, () => {
      for (const machine of ["x64", "arm64"] as const) {
        const btf = buildKernelBtf(machine);
        assert.equal(check(compiler, printC(btf, { before: engineHeader(btf) }), assertions(btf)), "");
      }
    });

    it(`those of every fixture, for ${compiler}`, () => {
      let count = 0;
      for (const name of readdirSync(fixturePath("")).filter((each) => each.endsWith(".bpf.o"))) {
        const section = parseElf(readFileSync(fixturePath(name))).sections.find((each) => each.name === ".BTF");
        if (section === undefined) continue;
        const btf = parseBtf(section.data);
        mendBtf(btf);
        count++;
        assert.equal(check(compiler, printC(btf, { guard: "TYPES_H" }), assertions(btf)), "", name);
      }
      assert.ok(count > 30);
    });
  }

  it("and read back from the compiler, bitfields and all", () => {
    const source = readFileSync(kernelTypes);
    const btf = parseBtf(source);
    const names = [
      "task_struct",
      "sk_buff",
      "tcphdr",
      "iphdr",
      "page",
      "bpf_prog",
      "file",
      "perf_event_attr",
      "bpf_attr",
    ];
    const asked = names.flatMap((name) => btf.find(name).filter(isComposite));
    writeFileSync(join(folder, "types.h"), printC(btf));
    const uses = asked.map((type, index) => `${type.kind} ${type.name} *use_${index};`);
    writeFileSync(join(folder, "uses.c"), `#include "types.h"\n${uses.join("\n")}\n`);
    execFileSync("clang-19", ["--target=bpfel", "-O2", "-g", "-c", "uses.c", "-o", "uses.o"], { cwd: folder });
    const back = parse(readFileSync(join(folder, "uses.o"))).btf!;
    for (const type of asked) {
      const found = back.find(type.name, type.kind).find(isComposite);
      assert.equal(found?.size, type.size, type.name);
      const place = ({ name, bitOffset, bitSize }: BtfComposite["members"][number]): unknown => [
        name,
        bitOffset,
        bitSize,
      ];
      assert.deepEqual(found.members.map(place), type.members.map(place), type.name);
    }
    assert.equal(asked.length, names.length);
  });

  it("what no C compiler would have laid out so", () => {
    const builder = new BtfBuilder();
    const [byte, int, long] = [
      builder.int("unsigned char", 1),
      builder.int("int", 4, "signed"),
      builder.int("long int", 8),
    ];
    builder.struct("odd", 13, [
      { name: "a", type: byte, offset: 0 },
      { name: "b", type: int, offset: 1 },
      { name: "c", type: long, offset: 5 },
    ]);
    builder.struct("gaps", 256, [
      { name: "a", type: byte, offset: 3 },
      { name: "b", type: long, offset: 64 },
      { name: "c", type: int, offset: 128 },
    ]);
    builder.struct("while", 0x4000_0000, [{ name: "int", type: int, offset: 0x1000_0000 }]);
    const btf = parseBtf(builder.bytes());
    const expected = `
      _Static_assert(sizeof(struct odd) == 13 && __builtin_offsetof(struct odd, c) == 5, "");
      _Static_assert(sizeof(struct gaps) == 256 && __builtin_offsetof(struct gaps, c) == 128, "");
      _Static_assert(sizeof(struct _while) == 0x40000000 && __builtin_offsetof(struct _while, _int) == 0x10000000, "");`;
    for (const compiler of compilers) assert.equal(check(compiler, printC(btf), expected), "");
  });
});

describe("tables that make no sense, printed as C", () => {
  it("end in a text or in an error of ours", () => {
    const random = randomFrom(7);
    const names = ["codec.bpf.o", "core-shapes.bpf.o", "spec-plain-c.bpf.o"];
    const tables = names.map((name) => parse(readFileSync(fixturePath(name))).btf!.bytes);
    let printed = 0;
    for (let round = 0; round < 3000; round++) {
      try {
        printC(parseBtf(mutate(tables[round % tables.length]!, random)));
        printed++;
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
      }
    }
    assert.ok(printed > 300);
  });

  it("have an end, where each struct without a name contains the next one twice", () => {
    const builder = new BtfBuilder();
    let type = builder.int("int", 4);
    for (let depth = 0, size = 4; depth < 27; depth++, size *= 2) {
      const members = [0, 1].map((index) => ({ name: `m${index}`, type, offset: index * size }));
      type = builder.struct("", size * 2, members);
    }
    builder.struct("top", 4 * 2 ** 27, [{ name: "all", type, offset: 0 }]);
    assert.throws(() => printC(parseBtf(builder.bytes())), { code: "TOO_BIG" });
  });

  it("and options that are none are refused", () => {
    const btf = buildKernelBtf("x64");
    assert.throws(() => printC(btf, { guard: 7 } as never), TypeError);
    assert.throws(() => printC(btf, { gard: "X" } as never), /did you mean guard\?/);
  });
});

function isComposite(type: { readonly kind: string }): type is BtfComposite {
  return type.kind === "struct" || type.kind === "union";
}
