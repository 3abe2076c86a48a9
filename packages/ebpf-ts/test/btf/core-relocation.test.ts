import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyCoreRelocations, BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import type { Btf, BtfMember } from "../../src/btf/index.ts";
import { essentialName } from "../../src/btf/core/relocation-kind.ts";
import { EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import type { Instruction } from "../../src/insn/instruction.ts";

const kinds = {
  byteOffset: 0,
  byteSize: 1,
  exists: 2,
  signed: 3,
  lshift: 4,
  rshift: 5,
  idLocal: 6,
  idTarget: 7,
  typeExists: 8,
  typeSize: 9,
  enumExists: 10,
  enumValue: 11,
  typeMatches: 12,
};
const poison: Instruction = { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 195896080 };

const move = (imm: number): Instruction => ({ opcode: 0xb7, dst: 1, src: 0, offset: 0, imm });
const load = (opcode: number, offset: number): Instruction => ({ opcode, dst: 1, src: 2, offset, imm: 0 });
const loadW = 0x61;
const loadDw = 0x79;

function table(build: (b: BtfBuilder) => void): Btf {
  const builder = new BtfBuilder();
  build(builder);
  return parseBtf(builder.bytes());
}

const field = (name: string, type: number, bitOffset: number, bitSize = 0): BtfMember => ({
  name,
  type,
  bitOffset,
  bitSize,
});

/** Types 1..6 are the same on both sides; what comes after is each side's own. */
function basics(b: BtfBuilder): {
  int: number;
  uint: number;
  long: number;
  ulong: number;
  pointer: number;
  char: number;
} {
  return {
    int: b.int("int", 4, "signed"),
    uint: b.int("unsigned int", 4),
    long: b.int("long", 8, "signed"),
    ulong: b.int("unsigned long", 8),
    pointer: b.pointer(0),
    char: b.int("char", 1, "signed"),
  };
}

let root = 0;
const local = table((b) => {
  const t = basics(b);
  const comm = b.array(t.char, 16, t.int);
  const items = b.struct("item", 8, [
    { name: "a", type: t.int, offset: 0 },
    { name: "b", type: t.int, offset: 4 },
  ]);
  const list = b.array(items, 4, t.int);
  root = b.add({
    kind: "struct",
    name: "task___mine",
    size: 96,
    members: [
      field("pid", t.int, 0),
      field("flags", t.uint, 32),
      field("start", t.ulong, 64),
      field("comm", comm, 128),
      field("next", t.pointer, 256),
      field("low", t.uint, 320, 3),
      field("high", t.int, 323, 7),
      field("gone", t.int, 352),
      field("items", list, 384),
      field("changed", t.pointer, 640),
      field("signed", t.int, 704),
    ],
  });
});

/** The kernel's task: moved, in an anonymous struct, with other widths. */
function kernelTask(b: BtfBuilder, t: ReturnType<typeof basics>, name: string, shift = 0): void {
  const comm = b.array(t.char, 32, t.int);
  const items = b.struct("item", 12, [
    { name: "b", type: t.int, offset: 0 },
    { name: "a", type: t.int, offset: 4 },
    { name: "c", type: t.int, offset: 8 },
  ]);
  const list = b.array(items, 2, t.int);
  const inner = b.add({
    kind: "struct",
    name: "",
    size: 8,
    members: [field("pid", t.int, 32), field("other", t.int, 0)],
  });
  b.add({
    kind: "struct",
    name,
    size: 240,
    members: [
      field("state", t.long, 0),
      field("", inner, 64 + shift),
      field("flags", t.ulong, 128),
      field("start", t.uint, 192),
      field("comm", comm, 256),
      field("next", t.pointer, 512),
      field("low", t.uint, 577, 4),
      field("high", t.int, 581, 9),
      field("items", list, 640),
      field("changed", t.int, 1000),
      field("signed", t.long, 1024),
    ],
  });
}

const target = table((b) => kernelTask(b, basics(b), "task"));

function relocate(
  instruction: Instruction[],
  access: string,
  kind: number,
  against: Btf | undefined = target,
  type = root,
  from = local,
): Instruction[] {
  applyCoreRelocations(instruction, [{ slot: 0, type, access, kind }], from, against, "program p");
  return instruction;
}

describe("fields of whole bytes", () => {
  test("move, also into anonymous structs", () => {
    assert.deepEqual(relocate([load(loadW, 0)], "0:0", kinds.byteOffset), [load(loadW, 12)]);
    assert.deepEqual(relocate([move(16)], "0:3", kinds.byteOffset), [move(32)]);
    assert.deepEqual(relocate([move(21)], "0:3:5", kinds.byteOffset), [move(37)]);
    assert.deepEqual(relocate([move(60)], "0:8:1:1", kinds.byteOffset), [move(92)]);
    assert.deepEqual(relocate([load(loadDw, 32)], "0:4", kinds.byteOffset), [load(loadDw, 64)]);
  });

  test("say their size, sign and whether they exist", () => {
    assert.deepEqual(relocate([move(16)], "0:3", kinds.byteSize), [move(32)]);
    assert.deepEqual(relocate([move(1)], "0:0", kinds.signed), [move(1)]);
    assert.deepEqual(relocate([move(0)], "0:1", kinds.signed), [move(0)]);
    assert.deepEqual(relocate([move(1)], "0:0", kinds.exists), [move(1)]);
    assert.deepEqual(relocate([move(1)], "0:7", kinds.exists), [move(0)]);
    assert.deepEqual(relocate([move(1)], "0:8:3", kinds.exists), [move(0)], "an element that the target has not");
    assert.deepEqual(relocate([move(32)], "0:0", kinds.lshift), [move(32)]);
    assert.deepEqual(relocate([move(32)], "0:1", kinds.rshift), [move(0)]);
  });

  test("widen and narrow loads of unsigned integers only", () => {
    assert.deepEqual(relocate([load(loadW, 4)], "0:1", kinds.byteOffset), [load(loadDw, 16)]);
    assert.deepEqual(relocate([load(loadDw, 8)], "0:2", kinds.byteOffset), [load(loadW, 24)]);
    assert.deepEqual(relocate([load(loadW, 88)], "0:10", kinds.byteOffset), [poison]);
    // An address is not touched by the width.
    assert.deepEqual(relocate([move(88)], "0:10", kinds.byteOffset), [move(128)]);
  });

  test("poison what the target does not have, or has as something else", () => {
    assert.deepEqual(relocate([load(loadW, 44)], "0:7", kinds.byteOffset), [poison]);
    assert.deepEqual(relocate([load(loadDw, 80)], "0:9", kinds.byteOffset), [poison]);
    assert.deepEqual(relocate([move(4)], "0:7", kinds.byteSize), [poison]);
    const wide = (): Instruction[] => [
      { opcode: 0x18, dst: 1, src: 0, offset: 0, imm: 44 },
      { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
    ];
    assert.deepEqual(relocate(wide(), "0:7", kinds.byteOffset), [poison, poison]);
  });

  test("patch 64-bit immediates", () => {
    const wide = [
      { opcode: 0x18, dst: 1, src: 0, offset: 0, imm: 16 },
      { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
    ];
    assert.equal(relocate(wide, "0:3", kinds.byteOffset)[0]!.imm, 32);
    assert.equal(wide[1]!.imm, 0);
  });
});

describe("arrays", () => {
  /** Lengths are the target's own; elements are the same, but those of the last. */
  const lists = (name: string, length: number, wide: "uint" | "ulong", before: number): Btf =>
    table((b) => {
      const t = basics(b);
      const grid = b.array(b.array(t.int, length + 1, t.int), length, t.int);
      const end = before + 16 * length + 4 * length * (length + 1);
      b.struct(name, end + 8 * length, [
        { name: "shorts", type: b.array(t.uint, length, t.int), offset: before },
        { name: "longs", type: b.array(t.long, length, t.int), offset: before + 4 * length },
        { name: "grid", type: grid, offset: before + 12 * length },
        { name: "pointers", type: b.array(t.pointer, length, t.int), offset: end - 4 * length },
        { name: "wide", type: b.array(t[wide], length, t.int), offset: end },
      ]);
    });
  const mine = lists("lists", 4, "uint", 0);
  const theirs = lists("lists", 7, "ulong", 64);
  const id = mine.find("lists", "struct")[0]!.id;
  const apply = (instruction: Instruction, access: string, kind = kinds.byteOffset): Instruction =>
    relocate([instruction], access, kind, theirs, id, mine)[0]!;

  test("of another length are loaded from as before: an element is as wide as it was", () => {
    assert.deepEqual(apply(load(loadW, 0), "0:0"), load(loadW, 64));
    assert.deepEqual(apply(load(loadW, 8), "0:0:2"), load(loadW, 72));
    assert.deepEqual(apply(load(loadDw, 16), "0:1"), load(loadDw, 64 + 28));
    assert.deepEqual(apply(load(loadDw, 24), "0:1:1"), load(loadDw, 64 + 36));
    assert.deepEqual(apply(load(loadW, 48), "0:2"), load(loadW, 64 + 84));
    assert.deepEqual(apply(load(loadW, 68), "0:2:1"), load(loadW, 64 + 84 + 32), "a row of an array of arrays");
    assert.deepEqual(apply(load(loadW, 76), "0:2:1:2"), load(loadW, 64 + 84 + 40));
  });

  test("say their whole size all the same", () => {
    assert.deepEqual(apply(move(16), "0:0", kinds.byteSize), move(28));
    assert.deepEqual(apply(move(20), "0:2:1", kinds.byteSize), move(32));
    assert.deepEqual(apply(move(4), "0:2:1:2", kinds.byteSize), move(4));
  });

  test("with other elements: one that is named is loaded with its width, the array as such cannot be", () => {
    const offset = mine.find("lists", "struct")[0] as { members: readonly BtfMember[] };
    const at = offset.members[4]!.bitOffset / 8;
    assert.equal(apply(load(loadW, at + 4), "0:4:1").opcode, loadDw);
    assert.deepEqual(apply(load(loadW, at), "0:4"), poison);
  });
});

describe("bitfields", () => {
  test("are loaded by the smallest word that holds them", () => {
    // Bits 577..580 stand in the second bit of the word at 72.
    assert.deepEqual(relocate([move(40)], "0:5", kinds.byteOffset), [move(72)]);
    assert.deepEqual(relocate([move(4)], "0:5", kinds.byteSize), [move(4)]);
    assert.deepEqual(relocate([move(61)], "0:5", kinds.lshift), [move(64 - 5)]);
    assert.deepEqual(relocate([move(61)], "0:5", kinds.rshift), [move(60)]);
    assert.deepEqual(relocate([move(1)], "0:6", kinds.signed), [move(1)]);
    assert.deepEqual(relocate([move(57)], "0:6", kinds.rshift), [move(55)]);
  });

  test("take a wider word where they straddle", () => {
    const straddling = table((b) => {
      const t = basics(b);
      b.add({ kind: "struct", name: "task", size: 16, members: [field("low", t.uint, 30, 6)] });
    });
    assert.deepEqual(relocate([move(40)], "0:5", kinds.byteOffset, straddling), [move(0)]);
    assert.deepEqual(relocate([move(4)], "0:5", kinds.byteSize, straddling), [move(8)]);
    assert.deepEqual(relocate([move(61)], "0:5", kinds.lshift, straddling), [move(64 - 36)]);
  });
});

describe("candidates", () => {
  test("of the same name are fine while they agree", () => {
    const twice = table((b) => {
      const t = basics(b);
      kernelTask(b, t, "task");
      kernelTask(b, t, "task___2");
      b.struct("task___3", 0, []);
      b.struct("tasklet", 0, []);
    });
    assert.deepEqual(relocate([load(loadW, 0)], "0:0", kinds.byteOffset, twice), [load(loadW, 12)]);
  });

  test("that disagree are refused", () => {
    const ambiguous = table((b) => {
      const t = basics(b);
      kernelTask(b, t, "task");
      kernelTask(b, t, "task___2", 32);
    });
    assert.throws(() => relocate([load(loadW, 0)], "0:0", kinds.byteOffset, ambiguous), {
      code: "BAD_BTF",
      message:
        "Cannot relocate program p, instruction 0 (field_byte_offset of struct task___mine.pid): the target has several types of that name, with the field at byte 12 and byte 16",
    });
  });

  test("that did not fit one access are not asked for the next", () => {
    const both = table((b) => {
      const t = basics(b);
      kernelTask(b, t, "task");
      b.struct("task___2", 8, [{ name: "flags", type: t.ulong, offset: 0 }]);
    });
    const one = { slot: 0, type: root, access: "0:0", kind: kinds.byteOffset };
    const two = { slot: 1, type: root, access: "0:1", kind: kinds.byteOffset };
    const code = [load(loadW, 0), load(loadW, 4)];
    applyCoreRelocations(code, [one, two], local, both, "p");
    assert.deepEqual(code, [load(loadW, 12), load(loadDw, 16)]);
    assert.throws(() => applyCoreRelocations([load(loadW, 4)], [{ ...two, slot: 0 }], local, both, "p"), {
      code: "BAD_BTF",
      message:
        "Cannot relocate p, instruction 0 (field_byte_offset of struct task___mine.flags): the target has several types of that name, with the field at byte 16 and byte 0",
    });
  });

  test("that are missing poison, and make nothing exist", () => {
    const empty = table(basics);
    assert.deepEqual(relocate([load(loadW, 0)], "0:0", kinds.byteOffset, empty), [poison]);
    assert.deepEqual(relocate([move(1)], "0:0", kinds.exists, empty), [move(0)]);
  });
});

describe("types and enumerators", () => {
  let wanted = 0;
  let missing = 0;
  let colour = 0;
  const mine = table((b) => {
    wanted = b.struct("task", 8, [{ name: "pid", type: b.int("int", 4, "signed"), offset: 0 }]);
    missing = b.struct("no_such", 4, []);
    colour = b.add({
      kind: "enum",
      name: "colour___old",
      size: 4,
      signed: true,
      values: [
        { name: "RED", value: 1 },
        { name: "BLUE___old", value: 2 },
        { name: "GONE", value: -3 },
      ],
    });
  });
  const theirs = table((b) => {
    kernelTask(b, basics(b), "task");
    b.add({
      kind: "enum64",
      name: "colour",
      size: 8,
      signed: true,
      values: [
        { name: "BLUE", value: 1n << 40n },
        { name: "RED", value: -5n },
      ],
    });
  });
  const apply = (instructions: Instruction[], type: number, access: string, kind: number): Instruction[] =>
    relocate(instructions, access, kind, theirs, type, mine);

  test("exist or not, have sizes and ids", () => {
    assert.deepEqual(apply([move(1)], wanted, "0", kinds.typeExists), [move(1)]);
    assert.deepEqual(apply([move(1)], missing, "0", kinds.typeExists), [move(0)]);
    assert.deepEqual(apply([move(8)], wanted, "0", kinds.typeSize), [move(240)]);
    assert.deepEqual(apply([move(4)], missing, "0", kinds.typeSize), [move(0)]);
    assert.deepEqual(apply([move(1)], missing, "0", kinds.typeMatches), [move(0)]);
    assert.deepEqual(apply([move(99)], wanted, "0", kinds.idLocal), [move(wanted)]);
    assert.deepEqual(apply([move(99)], wanted, "0", kinds.idTarget), [move(theirs.find("task", "struct")[0]!.id)]);
  });

  test("have other values", () => {
    const wide = (imm: number): Instruction[] => [
      { opcode: 0x18, dst: 1, src: 0, offset: 0, imm },
      { opcode: 0, dst: 0, src: 0, offset: 0, imm: imm < 0 ? -1 : 0 },
    ];
    assert.deepEqual(
      apply(wide(2), colour, "1", kinds.enumValue).map((i) => i.imm),
      [0, 256],
    );
    assert.deepEqual(
      apply(wide(1), colour, "0", kinds.enumValue).map((i) => i.imm),
      [-5, -1],
    );
    assert.deepEqual(apply(wide(-3), colour, "2", kinds.enumValue), [poison, poison]);
    assert.deepEqual(apply([move(1)], colour, "2", kinds.enumExists), [move(0)]);
    assert.deepEqual(apply([move(1)], colour, "1", kinds.enumExists), [move(1)]);
  });
});

describe("refusals", () => {
  const sized = (name: string, size: number): Btf =>
    table((b) => {
      for (let id = 1; id < root; id++) b.int(`i${id}`, 4);
      b.struct(name, size, []);
    });
  const narrow = (name: string): Btf => sized(name, 4);
  const wide = (name: string): Btf => sized(name, 0xffff_fffe);
  const refused: [string, () => unknown, RegExp][] = [
    [
      "an instruction that does not hold what the types say",
      () => relocate([load(loadW, 4)], "0:0", kinds.byteOffset),
      /instruction 0 .*it holds 4, while the object's types say 0/,
    ],
    [
      "a jump",
      () => relocate([{ opcode: 0x05, dst: 0, src: 0, offset: 0, imm: 0 }], "0:0", kinds.byteOffset),
      /opcode 0x5/,
    ],
    [
      "a size beyond the immediate",
      () => relocate([move(4)], "0", kinds.typeSize, wide("task"), root, narrow("task")),
      /the value 4294967294 does not fit its 32 bits/,
    ],
    ["an access string of letters", () => relocate([move(0)], "0:x", kinds.byteOffset), /access string/],
    [
      "an access string with a kind that asks for a type",
      () => relocate([move(1)], "0:1", kinds.typeExists),
      /its access string is "0:1", and that of a type is "0"/,
    ],
    ["a member that is not there", () => relocate([move(0)], "0:99", kinds.byteOffset), /has no member 99/],
    ["a step into an int", () => relocate([move(0)], "0:0:0", kinds.byteOffset), /has no parts/],
    [
      "no such instruction",
      () => applyCoreRelocations([], [{ slot: 3, type: root, access: "0:0", kind: 0 }], local, target, "p"),
      /no such instruction/,
    ],
  ];
  for (const [what, act, message] of refused) {
    test(what, () =>
      assert.throws(
        act,
        (error) => error instanceof EbpfError && error.code === "BAD_BTF" && message.test(error.message),
      ),
    );
  }

  test("kinds that are not known are named", () => {
    assert.throws(
      () => relocate([move(1)], "0", 77),
      (error) => error instanceof NotSupportedError && /kind 77/.test(error.message),
    );
  });

  test("without the kernel's types only what needs none", () => {
    applyCoreRelocations([], [], local, undefined, "p");
    relocate([move(0)], "0", kinds.idLocal, undefined);
    assert.throws(
      () => applyCoreRelocations([move(0)], [{ slot: 0, type: root, access: "0:0", kind: 0 }], local, undefined, "p"),
      NotSupportedError,
    );
  });
});

test("a flavor begins at the last triple underscore", () => {
  const names = {
    task: "task",
    task___x: "task",
    task___x___y: "task___x",
    ___x: "___x",
    task____x: "task____x",
    task___: "task___",
    a___b: "a",
  };
  for (const [name, essential] of Object.entries(names)) assert.equal(essentialName(name), essential);
});
