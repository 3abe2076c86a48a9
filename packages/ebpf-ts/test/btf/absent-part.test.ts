import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { atOnce } from "../../src/base/slices.ts";
import { BtfBuilder, parseBtf, type Btf } from "../../src/btf/index.ts";
import { Relocator } from "../../src/btf/core/relocator.ts";
import type { Instruction } from "../../src/insn/instruction.ts";

const [fieldOffset, enumValue] = [0, 11];

/** `names` are those of the members of struct path, in struct file. */
function files(
  names: readonly string[],
  length: number,
  values: readonly string[],
): { btf: Btf; file: number; e: number } {
  const b = new BtfBuilder();
  const int = b.int("int", 4);
  const path = b.struct(
    "path",
    16,
    names.map((name, index) => ({ name, type: int, offset: 4 * index })),
  );
  const file = b.struct("file", 96, [
    { name: "f_path", type: path, offset: 0 },
    { name: "f_list", type: b.array(int, length, int), offset: 16 },
  ]);
  const entries = values.map((name, value) => ({ name, value }));
  const e = b.add({ kind: "enum", name: "mode", size: 4, signed: false, values: entries });
  return { btf: parseBtf(b.bytes()), file, e };
}

const local = files(["mnt", "dentry", "other"], 8, ["SLOW", "FAST", "NEVER"]);
const target = files(["mount", "dentryy", "third"], 4, ["SLOW", "FASTY"]);

function absent(type: number, access: string, kind: number, against = target.btf): string {
  const instructions: Instruction[] = [{ opcode: 0xb7, dst: 1, src: 0, offset: 0, imm: 0 }];
  const relocator = new Relocator(local.btf, { btf: against });
  const [first] = atOnce(
    relocator.applying({
      instructions,
      relocations: [{ slot: 0, type, access, kind }],
      lines: [],
      where: "p",
    }),
  );
  assert.equal(first!.slot, 0);
  return `${first!.part.access}: ${first!.part.tried}`;
}

describe("what the target lacks is told by the access", () => {
  test("a member, with one of a near name", () => {
    assert.equal(
      absent(local.file, "0:0:0", fieldOffset),
      "struct file.f_path.mnt: its struct file.f_path has no member mnt",
    );
    assert.equal(
      absent(local.file, "0:0:1", fieldOffset),
      "struct file.f_path.dentry: its struct file.f_path has no member dentry, but dentryy",
    );
  });

  test("an element", () => {
    assert.equal(
      absent(local.file, "0:1:6", fieldOffset),
      "struct file.f_list[6]: its struct file.f_list has no element 6",
    );
  });

  test("an enumerator, with one of a near name", () => {
    assert.equal(absent(local.e, "1", enumValue), "enum mode::FAST: its enum mode has no FAST, but FASTY");
    assert.equal(absent(local.e, "2", enumValue), "enum mode::NEVER: its enum mode has no NEVER");
  });

  test("the whole type", () => {
    const empty = new BtfBuilder();
    empty.int("int", 4);
    assert.equal(
      absent(local.file, "0:0:0", fieldOffset, parseBtf(empty.bytes())),
      "struct file.f_path.mnt: it has no struct file",
    );
  });
});
