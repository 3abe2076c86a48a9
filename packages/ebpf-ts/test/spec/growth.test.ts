import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteView } from "../../src/bytes/byte-view.ts";
import { hostedEmbeddedEngine } from "../../src/engine/embedded/node-host.ts";
import type { Instruction } from "../../src/insn/instruction.ts";
import { Assembler } from "../../src/spec/assembly/assembler.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec, FunctionSpec, ProgramSpec } from "../../src/spec/types.ts";
import { makeObject } from "../support/make-object.ts";
import type { MadeFunction } from "../support/make-object.ts";

const exit: Instruction = { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 };
const zero: Instruction = { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 };
const call: Instruction = { opcode: 0x85, dst: 0, src: 1, offset: 0, imm: -1 };

const options = { onPrint: () => {}, onFault: () => {} };

/** Each program in a section of its own or all in one, and each with a function of its own that it calls. */
function manyPrograms(count: number, section: (index: number) => string): Uint8Array {
  const functions: MadeFunction[] = [];
  for (let index = 0; index < count; index++) {
    const calls = new Map([[0, `f${index}`]]);
    functions.push({ name: `p${index}`, section: section(index), code: [call, exit], calls });
    functions.push({ name: `f${index}`, section: ".text", code: [zero, exit] });
  }
  return makeObject({ functions });
}

const shapes: [string, (index: number) => string][] = [
  ["in one section", () => "syscall"],
  ["in a section each", (index) => `tracepoint/syscalls/sys_enter_${index}`],
];

/** Time that this process computed, in microseconds: what others do meanwhile hardly counts. */
async function cost(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Four times as much may cost four times as much, or, with what memory and its collector do, somewhat more; the square would be 16. */
const mostForFour = 10;

/** The least of a few in turn; a busy machine may need more of them, which no faster growth would hide in. */
async function assertGrows(small: () => unknown, large: () => unknown): Promise<void> {
  let [few, many] = [Infinity, Infinity];
  for (let attempt = 0; attempt < 3 || (many >= few * mostForFour && attempt < 20); attempt++) {
    few = Math.min(few, await cost(small));
    many = Math.min(many, await cost(large));
  }
  assert.ok(many < few * mostForFour, `${many} µs against ${few}`);
}

describe("what loading costs grows with the object, and not faster", () => {
  for (const [where, section] of shapes) {
    test(`bytes that are looked at, programs ${where}`, () => {
      const reads = (count: number): number => countReads(() => parse(manyPrograms(count, section)));
      const few = reads(500);
      assert.ok(few > 500 * 8);
      assert.ok(reads(1000) < few * 2.1);
    });

    test(`parsing programs ${where}`, async () => {
      const small = manyPrograms(1000, section);
      const large = manyPrograms(4000, section);
      parse(small);
      await assertGrows(
        () => parse(small),
        () => parse(large),
      );
    });

    test(`loading programs ${where} (embedded)`, async () => {
      const engine = await hostedEmbeddedEngine();
      const load = async (spec: CollectionSpec): Promise<void> => (await engine.load(spec, options)).close();
      const small = parse(manyPrograms(500, section));
      const large = parse(manyPrograms(2000, section));
      await load(small);
      await assertGrows(
        () => load(small),
        () => load(large),
      );
    });
  }

  test("looks at functions when programs are assembled", () => {
    const looks = (count: number): number => {
      const spec = parse(manyPrograms(count, () => "syscall"));
      let seen = 0;
      const watched = <T extends FunctionSpec>(fn: T): T =>
        new Proxy(fn, { get: (target, key) => ((seen += 1), Reflect.get(target, key)) });
      const programs = spec.programs.map<ProgramSpec>(watched);
      const assembler = new Assembler({ ...spec, programs, functions: spec.functions.map(watched) });
      for (const program of programs) assert.equal(assembler.assemble(program).functions.length, 2);
      return seen;
    };
    const few = looks(250);
    assert.ok(looks(500) <= few * 2);
  });
});

/** Reads of foreign bytes: all go through one class. */
function countReads(work: () => unknown): number {
  const prototype = ByteView.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names = ["u8", "u16", "u32", "u64", "u64Number", "bytes", "cString"];
  const originals = names.map((name) => prototype[name]!);
  let count = 0;
  names.forEach((name, index) => {
    const original = originals[index]!;
    prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
      count += 1;
      return original.apply(this, args);
    };
  });
  try {
    work();
  } finally {
    names.forEach((name, index) => (prototype[name] = originals[index]!));
  }
  return count;
}

describe("limits", () => {
  const programs = (count: number): CollectionSpec => parse(manyPrograms(count, () => "syscall"));
  const tooBig = (message: RegExp): { code: string; message: RegExp } => ({ code: "TOO_BIG", message });

  test("of a program with all that it reaches", () => {
    const spec = programs(1);
    const fn = spec.functions[0]!;
    fn.instructions = Array.from({ length: 1_000_000 }, () => zero);
    assert.throws(
      () => new Assembler(spec).assemble(spec.programs[0]!),
      tooBig(/^Cannot assemble program p0: .* more than 1000000 instructions, which no kernel takes$/),
    );
  });

  test("of the instructions in a file", () => {
    const code = Array.from({ length: 4_000_001 }, () => exit);
    assert.throws(
      () => parse(makeObject({ functions: [{ name: "p", section: "syscall", code }] })),
      tooBig(/^The object has 4000001 instructions, and at most 4000000 are supported$/),
    );
  });

  test("of programs, and of what they have together", async () => {
    const engine = await hostedEmbeddedEngine();
    const spec = programs(1);
    const [program] = spec.programs as [ProgramSpec];
    const many = { ...spec, programs: new Array<ProgramSpec>(65_537).fill(program) };
    await assert.rejects(engine.load(many, options), tooBig(/it has 65537 programs, and at most 65536 are supported$/));
    spec.functions[0]!.instructions = Array.from({ length: 900_000 }, () => zero);
    const large = { ...spec, programs: [1, 2, 3, 4, 5].map((index) => ({ ...program, name: `p${index}` })) };
    await assert.rejects(engine.load(large, options), tooBig(/each reaches, have more than 4000000 instructions$/));
  });
});
