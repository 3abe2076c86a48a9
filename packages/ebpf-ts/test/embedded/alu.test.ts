import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { exit, load64, machineOf, mov, op, result, run, task, u64 } from "./test-machine.ts";

const edges = [
  0n,
  1n,
  2n,
  7n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
];
const operand = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }));

/** What RFC 9669 says of an operation of `width` bits, on operands of that width; written from the text, in unbounded integers. */
type Meaning = (a: bigint, b: bigint, width: number) => bigint;
const signed = (value: bigint, width: number): bigint =>
  value >= 1n << BigInt(width - 1) ? value - (1n << BigInt(width)) : value;
const truncate = (a: bigint, b: bigint): bigint => {
  const magnitude = (a < 0n ? -a : a) / (b < 0n ? -b : b);
  return a < 0n === b < 0n ? magnitude : -magnitude;
};
const operations: Record<string, { code: number; offset?: number; meaning: Meaning }> = {
  add: { code: 0x00, meaning: (a, b) => a + b },
  sub: { code: 0x10, meaning: (a, b) => a - b },
  mul: { code: 0x20, meaning: (a, b) => a * b },
  div: { code: 0x30, meaning: (a, b) => (b === 0n ? 0n : (a - (a % b)) / b) },
  sdiv: { code: 0x30, offset: 1, meaning: (a, b, w) => (b === 0n ? 0n : truncate(signed(a, w), signed(b, w))) },
  or: { code: 0x40, meaning: (a, b) => a + b - (a & b) },
  and: { code: 0x50, meaning: (a, b) => a & b },
  lsh: { code: 0x60, meaning: (a, b, w) => a * 2n ** (b % BigInt(w)) },
  rsh: { code: 0x70, meaning: (a, b, w) => a / 2n ** (b % BigInt(w)) },
  mod: { code: 0x90, meaning: (a, b) => (b === 0n ? a : a - b * (a / b)) },
  smod: {
    code: 0x90,
    offset: 1,
    meaning: (a, b, w) => (b === 0n ? a : signed(a, w) - signed(b, w) * truncate(signed(a, w), signed(b, w))),
  },
  xor: { code: 0xa0, meaning: (a, b) => (a | b) - (a & b) },
  mov: { code: 0xb0, meaning: (_, b) => b },
  movsx8: { code: 0xb0, offset: 8, meaning: (_, b) => signed(b & 0xffn, 8) },
  movsx16: { code: 0xb0, offset: 16, meaning: (_, b) => signed(b & 0xffffn, 16) },
  arsh: {
    code: 0xc0,
    meaning: (a, b, w) =>
      (signed(a, w) - (((signed(a, w) % 2n ** (b % BigInt(w))) + 2n ** (b % BigInt(w))) % 2n ** (b % BigInt(w)))) /
      2n ** (b % BigInt(w)),
  },
};

function expected(meaning: Meaning, a: bigint, b: bigint, width: 32 | 64): bigint {
  return BigInt.asUintN(width, meaning(BigInt.asUintN(width, a), BigInt.asUintN(width, b), width));
}

describe("arithmetic of registers", () => {
  for (const [name, { code, offset = 0, meaning }] of Object.entries(operations)) {
    for (const width of [64, 32] as const) {
      it(`${name}, ${width} bits`, () => {
        const opcode = (width === 64 ? 0x07 : 0x04) | code | 0x08;
        const machine = machineOf(() => [[op(0x79, 0, 1, 0), op(0x79, 2, 1, 8), op(opcode, 0, 2, offset), exit]]);
        fc.assert(
          fc.property(operand, operand, (a, b) => {
            const context = new Uint8Array(new BigUint64Array([a, b]).buffer);
            assert.equal(
              machine.run(0, { bytes: context }, task).returnValue,
              expected(meaning, a, b, width),
              `${a} ${b}`,
            );
          }),
          { numRuns: 400 },
        );
      });
    }
  }
});

describe("arithmetic with an immediate", () => {
  const immediate = fc.oneof(
    fc.constantFrom(0, 1, -1, 7, -2147483648, 2147483647),
    fc.integer({ min: -2147483648, max: 2147483647 }),
  );
  for (const [name, { code, offset = 0, meaning }] of Object.entries(operations)) {
    if (name.startsWith("movsx")) continue;
    for (const width of [64, 32] as const) {
      it(`${name}, ${width} bits: the immediate is sign-extended`, () => {
        const opcode = (width === 64 ? 0x07 : 0x04) | code;
        fc.assert(
          fc.property(operand, immediate, (a, imm) => {
            const value = result([load64(0, a), op(opcode, 0, 0, offset, imm), exit]);
            assert.equal(value, expected(meaning, a, BigInt(imm), width), `${a} ${imm}`);
          }),
          { numRuns: 60 },
        );
      });
    }
  }
});

describe("arithmetic, by hand", () => {
  it("division of the smallest number by -1 overflows to itself, and leaves no remainder", () => {
    assert.equal(result([load64(0, 1n << 63n), op(0x37, 0, 0, 1, -1), exit]), 1n << 63n);
    assert.equal(result([load64(0, 1n << 63n), op(0x97, 0, 0, 1, -1), exit]), 0n);
    assert.equal(result([load64(0, 0x8000_0000n), op(0x34, 0, 0, 1, -1), exit]), 0x8000_0000n);
    assert.equal(result([load64(0, 0x8000_0000n), op(0x94, 0, 0, 1, -1), exit]), 0n);
  });

  it("-13 / 3 and -13 % 3 are -4 and -1, 13 % -3 is 1", () => {
    assert.equal(result([load64(0, -13n), op(0x37, 0, 0, 1, 3), exit]), u64(-4n));
    assert.equal(result([load64(0, -13n), op(0x97, 0, 0, 1, 3), exit]), u64(-1n));
    assert.equal(result([load64(0, 13n), op(0x97, 0, 0, 1, -3), exit]), 1n);
  });

  it("modulo by zero keeps the destination; in 32 bits the upper half becomes zero", () => {
    assert.equal(result([load64(0, 0x1234_5678_9abcn), op(0x97, 0, 0, 0, 0), exit]), 0x1234_5678_9abcn);
    assert.equal(result([load64(0, 0x1234_5678_9abcn), op(0x94, 0, 0, 0, 0), exit]), 0x5678_9abcn);
  });

  it("negation", () => {
    assert.equal(result([load64(0, 5n), op(0x87, 0), exit]), u64(-5n));
    assert.equal(result([load64(0, 5n), op(0x84, 0), exit]), 0xffff_fffbn);
    assert.equal(result([load64(0, 1n << 63n), op(0x87, 0), exit]), 1n << 63n);
  });

  it("movsx of 32 bits", () => {
    assert.equal(result([load64(2, 0x1_8000_0000n), op(0xbf, 0, 2, 32), exit]), 0xffff_ffff_8000_0000n);
    assert.equal(result([load64(2, 0x80n), op(0xbc, 0, 2, 8), exit]), 0xffff_ff80n);
  });

  it("byte order: le cuts off, be and bswap turn round", () => {
    const value = 0x1122_3344_5566_7788n;
    const cases: [number, number, bigint][] = [
      [0xd4, 16, 0x7788n],
      [0xd4, 32, 0x5566_7788n],
      [0xd4, 64, value],
      [0xdc, 16, 0x8877n],
      [0xdc, 32, 0x8877_6655n],
      [0xdc, 64, 0x8877_6655_4433_2211n],
      [0xd7, 16, 0x8877n],
      [0xd7, 32, 0x8877_6655n],
      [0xd7, 64, 0x8877_6655_4433_2211n],
    ];
    for (const [opcode, bits, wanted] of cases)
      assert.equal(result([load64(0, value), op(opcode, 0, 0, 0, bits), exit]), wanted, `${opcode} ${bits}`);
  });

  it("registers begin at zero, r1 is the context, r10 the frame's end", () => {
    for (const register of [0, 2, 3, 4, 5, 6, 7, 8, 9]) assert.equal(result([mov(0, register), exit]), 0n);
    const context = run([op(0x61, 0, 1, 0), exit], Uint8Array.of(1, 2, 3, 4));
    assert.equal(context.returnValue, 0x04030201n);
    assert.equal(result([op(0x7a, 10, 0, -8, 77), op(0x79, 0, 10, -8), exit]), 77n);
  });
});
