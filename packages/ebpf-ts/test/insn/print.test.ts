import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { decodeInstructions, disassemble, printInstruction } from "../../src/insn/index.ts";
import type { Instruction } from "../../src/insn/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { assembly } from "./assembly.ts";

function missing(tool: string): string | false {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return `${tool} is not installed`;
  }
}

/** What llvm-objdump prints, by slot, without the names of places. */
function objdump(path: string, section: string, cpu: string): Map<number, string> {
  const output = execFileSync(
    "llvm-objdump-19",
    ["-d", "--no-show-raw-insn", "--no-print-imm-hex", `--mcpu=${cpu}`, "-j", section, path],
    { encoding: "utf8" },
  );
  return new Map(
    [...output.matchAll(/^\s+(\d+):\t(.*?)(?: <\S+>)?$/gm)].map((match) => [Number(match[1]), match[2] ?? ""]),
  );
}

/**
 * For version 4, llvm-objdump calls the registers of narrow loads and stores `w`; the kernel's verifier, and
 * llvm-objdump for version 2, call them `r`.
 */
function narrowAsWide(text: string): string {
  return text
    .replace(/^w(\d+) = (\*\([us]\d+ \*\)\(.*)/, "r$1 = $2")
    .replace(/^(\*\(u\d+ \*\)\(.*\)) = w(\d+)$/, "$1 = r$2");
}

function compare(path: string, section: string): number {
  const code = parseElf(new Uint8Array(readFileSync(path))).sections.find(
    (candidate) => candidate.name === section && candidate.size > 0,
  );
  assert.ok(code, `${path} has no section ${section}`);
  const theirs = objdump(path, section, "v4");
  const mine = disassemble(decodeInstructions(code.data));
  assert.equal(theirs.size, mine.length);
  for (const { slot, text } of mine) {
    // llvm-objdump prints calls of subprograms and helpers alike.
    assert.equal(
      text.replace(/^call pc\+?/, "call "),
      narrowAsWide(theirs.get(slot) ?? ""),
      `${path} ${section} ${slot}`,
    );
  }
  return mine.length;
}

test(
  "every instruction of version 4 is printed as llvm-objdump prints it",
  { skip: missing("clang-19") || missing("llvm-objdump-19") },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-print-"));
    try {
      const source = join(folder, "all.S");
      const object = join(folder, "all.o");
      writeFileSync(source, `.text\n.type all,@function\nall:\n${assembly.join("\n")}\n.size all, .-all\n`);
      execFileSync("clang-19", ["--target=bpfel", "-mcpu=v4", "-c", source, "-o", object]);
      assert.equal(compare(object, ".text"), assembly.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("compiled code is printed as llvm-objdump prints it", { skip: missing("llvm-objdump-19") }, () => {
  const objects: [string, string][] = [
    ["insn.bpf.o", "syscall"],
    ["globals.bpf.o", "syscall"],
    ["helpers.bpf.o", "syscall"],
    ["clang-14/spec-code.bpf.o", ".text"],
    ["tracepoint.bpf.o", "raw_tp/sys_enter"],
  ];
  for (const [object, section] of objects) assert.ok(compare(fixturePath(object), section) > 10);
});

function print(instruction: Partial<Instruction>, next?: Partial<Instruction>): string {
  const zero: Instruction = { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 };
  return printInstruction(
    [
      { ...zero, ...instruction },
      { ...zero, ...next },
    ],
    0,
  );
}

test("pseudo instructions say what they stand for", () => {
  assert.equal(print({ opcode: 0x18, dst: 1, src: 1, imm: 5 }), "r1 = map[fd 5] ll");
  assert.equal(print({ opcode: 0x18, dst: 1, src: 2, imm: 5 }, { imm: 16 }), "r1 = map[fd 5]+16 ll");
  assert.equal(print({ opcode: 0x18, dst: 1, src: 3, imm: 77 }), "r1 = ksym[btf 77] ll");
  assert.equal(print({ opcode: 0x18, dst: 1, src: 4, imm: -9 }), "r1 = function[pc -9] ll");
  assert.equal(print({ opcode: 0x18, dst: 1, src: 5, imm: 2 }), "r1 = map[index 2] ll");
  assert.equal(print({ opcode: 0x18, dst: 1, src: 6, imm: 2 }, { imm: 8 }), "r1 = map[index 2]+8 ll");
  assert.equal(print({ opcode: 0x85, src: 1, imm: 3 }), "call pc+3");
  assert.equal(print({ opcode: 0x85, src: 2, imm: 3 }), "call kernel-function[btf 3]");
  assert.equal(print({ opcode: 0xdb, dst: 1, src: 2, offset: 8, imm: 0x110 }), "store_release((u64 *)(r1 + 8), r2)");
  assert.equal(print({ opcode: 0xcb, dst: 1, src: 2, offset: -1, imm: 0x100 }), "w1 = load_acquire((u16 *)(r2 - 1))");
  assert.equal(
    print({ opcode: 0xcb, dst: 1, src: 2, offset: -1, imm: 0 }),
    "<unknown opcode 0xcb dst 1 src 2 offset -1 imm 0>",
  );
  assert.equal(print({ opcode: 0xdb, dst: 1, src: 2, offset: -8, imm: 0x100 }), "r1 = load_acquire((u64 *)(r2 - 8))");
  assert.equal(print({ opcode: 0xbf, dst: 1, src: 2, offset: 1, imm: 0x10000 }), "r1 = addr_space_cast(r2, 0, 1)");
});

test("names replace numbers", () => {
  const code: Instruction[] = [
    { opcode: 0x18, dst: 1, src: 1, offset: 0, imm: 0 },
    { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
    { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 131 },
    { opcode: 0x85, dst: 0, src: 1, offset: 0, imm: -1 },
    { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 9999 },
    { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 },
  ];
  const lines = disassemble(code, {
    names: new Map([
      [0, "map[events]"],
      [3, "leaf"],
    ]),
    helperName: (id) => (id === 131 ? "bpf_ringbuf_reserve" : undefined),
    lines: [{ slot: 2, text: "x = reserve();" }],
  });
  assert.deepEqual(lines, [
    { slot: 0, text: "r1 = map[events] ll" },
    { slot: 2, text: "call bpf_ringbuf_reserve#131", source: { slot: 2, text: "x = reserve();" } },
    { slot: 3, text: "call leaf" },
    { slot: 4, text: "call 9999" },
    { slot: 5, text: "exit" },
  ]);
});

test("a 64-bit load without its second half is printed as its fields", () => {
  assert.equal(
    printInstruction([{ opcode: 0x18, dst: 1, src: 0, offset: 0, imm: 1 }], 0),
    "<unknown opcode 0x18 dst 1 src 0 offset 0 imm 1>",
  );
});
