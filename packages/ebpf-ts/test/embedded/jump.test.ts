import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { exit, machineOf, movImm, op, result, task } from "./test-machine.ts";

const edges = [
  0n,
  1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
const operand = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }));
const s = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);

const conditions: Record<string, { code: number; holds: (a: bigint, b: bigint, width: number) => boolean }> = {
  jeq: { code: 0x10, holds: (a, b) => a === b },
  jgt: { code: 0x20, holds: (a, b) => a > b },
  jge: { code: 0x30, holds: (a, b) => a >= b },
  jset: { code: 0x40, holds: (a, b) => (a & b) !== 0n },
  jne: { code: 0x50, holds: (a, b) => a !== b },
  jsgt: { code: 0x60, holds: (a, b, w) => s(a, w) > s(b, w) },
  jsge: { code: 0x70, holds: (a, b, w) => s(a, w) >= s(b, w) },
  jlt: { code: 0xa0, holds: (a, b) => a < b },
  jle: { code: 0xb0, holds: (a, b) => a <= b },
  jslt: { code: 0xc0, holds: (a, b, w) => s(a, w) < s(b, w) },
  jsle: { code: 0xd0, holds: (a, b, w) => s(a, w) <= s(b, w) },
};

describe("conditional jumps", () => {
  for (const [name, { code, holds }] of Object.entries(conditions)) {
    for (const width of [64, 32] as const) {
      const group = width === 64 ? 0x05 : 0x06;
      const wanted = (a: bigint, b: bigint): bigint =>
        holds(BigInt.asUintN(width, a), BigInt.asUintN(width, b), width) ? 1n : 0n;

      it(`${name}, ${width} bits, of registers`, () => {
        const code64 = [
          op(0x79, 2, 1, 0),
          op(0x79, 3, 1, 8),
          movImm(0, 1),
          op(group | code | 0x08, 2, 3, 1),
          movImm(0, 0),
          exit,
        ];
        const machine = machineOf(() => [code64]);
        fc.assert(
          fc.property(operand, fc.option(operand, { nil: undefined }), (a, other) => {
            const b = other ?? a;
            const bytes = new Uint8Array(new BigUint64Array([a, b]).buffer);
            assert.equal(machine.run(0, { bytes }, task).returnValue, wanted(a, b), `${a} ${b}`);
          }),
          { numRuns: 300 },
        );
      });

      it(`${name}, ${width} bits, with an immediate`, () => {
        fc.assert(
          fc.property(operand, fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000), (a, imm) => {
            const machine = machineOf(() => [
              [op(0x79, 2, 1, 0), movImm(0, 1), op(group | code, 2, 0, 1, imm), movImm(0, 0), exit],
            ]);
            const bytes = new Uint8Array(new BigUint64Array([a]).buffer);
            assert.equal(machine.run(0, { bytes }, task).returnValue, wanted(a, BigInt(imm)), `${a} ${imm}`);
          }),
          { numRuns: 40 },
        );
      });
    }
  }
});

describe("unconditional jumps", () => {
  it("goto and gotol, forward and back", () => {
    const code = [
      movImm(0, 0), // 0
      op(0x05, 0, 0, 2), // 1: goto 4
      op(0x07, 0, 0, 0, 100), // 2
      exit, // 3
      op(0x07, 0, 0, 0, 1), // 4
      op(0x06, 0, 0, 0, -4), // 5: gotol 2
    ];
    assert.equal(result(code), 101n);
  });
});
