import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { decodeInstructions, disassemble, encodeInstructions } from "../../src/insn/index.ts";
import type { Instruction } from "../../src/insn/index.ts";

const anyBytes = fc.uint8Array({ maxLength: 256 }).map((bytes) => bytes.subarray(0, bytes.length & ~7));

test("any bytes decode, and encode to the same bytes", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => assert.deepEqual([...encodeInstructions(decodeInstructions(bytes))], [...bytes])),
  );
});

test("any instruction encodes, and decodes to the same", () => {
  const instruction: fc.Arbitrary<Instruction> = fc.record(
    {
      opcode: fc.integer({ min: 0, max: 0xff }),
      dst: fc.integer({ min: 0, max: 0xf }),
      src: fc.integer({ min: 0, max: 0xf }),
      offset: fc.integer({ min: -0x8000, max: 0x7fff }),
      imm: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 20 }), (code) =>
      assert.deepEqual(decodeInstructions(encodeInstructions(code)), code),
    ),
  );
});

test("the fields stand where RFC 9669 has them", () => {
  const bytes = Uint8Array.of(0x7b, 0x1a, 0xf8, 0xff, 0x78, 0x56, 0x34, 0x12);
  assert.deepEqual(decodeInstructions(bytes), [{ opcode: 0x7b, dst: 10, src: 1, offset: -8, imm: 0x12345678 }]);
});

test("half an instruction is refused", () => {
  assert.throws(
    () => decodeInstructions(new Uint8Array(13)),
    (error) => error instanceof EbpfError && error.code === "BAD_INSTRUCTION",
  );
});

test("a field that is out of its range is refused", () => {
  const good: Instruction = { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 };
  const bad: Partial<Instruction>[] = [
    { opcode: 256 },
    { dst: 16 },
    { src: -1 },
    { offset: 0x8000 },
    { imm: 2 ** 31 },
    { imm: 0.5 },
    { imm: Number.NaN },
  ];
  for (const change of bad) {
    const [field] = Object.keys(change);
    assert.throws(
      () => encodeInstructions([good, { ...good, ...change }]),
      (error) => error instanceof EbpfError && error.message.includes(`instruction 1: ${field} is`),
    );
  }
});

test("anything can be printed, one line an instruction", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (const { text } of disassemble(decodeInstructions(bytes))) {
        assert.match(text, /^\S.*\S$/);
        assert.doesNotMatch(text, /undefined|NaN/);
      }
    }),
  );
});
