import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kernelOrSkip } from "../support/requirements.ts";
import { fixture, type Fixture } from "./fixture.ts";

/** The corners of 64 and 32 bits, in every pair, and some numbers without any pattern. */
const corners = [
  0n,
  1n,
  2n,
  7n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fff9n,
  0xffff_ffff_ffff_ffffn,
];
const programs = [
  "arithmetic_64",
  "arithmetic_32",
  "divide_by_constants",
  "sign_extend_moves",
  "loads",
  "stores",
  "byte_swaps",
  "jumps_64",
  "jumps_32",
  "long_jump",
  "atomics_64",
  "atomics_32",
  "compare_exchange",
  "compiled",
];

/** xorshift64, so that a failure can be run again. */
function* numbers(seed: bigint): Generator<bigint> {
  for (let x = seed; ;) {
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    yield x;
  }
}

function operandPairs(): [bigint, bigint][] {
  const pairs: [bigint, bigint][] = corners.flatMap((a) => corners.map((b): [bigint, bigint] => [a, b]));
  const random = numbers(0x9e37_79b9_7f4a_7c15n);
  for (let i = 0; i < 100; i += 1) pairs.push([random.next().value, random.next().value]);
  return pairs;
}

async function results(loaded: Fixture, program: string): Promise<string[]> {
  const lines: string[] = [];
  for (const [a, b] of operandPairs()) {
    const { out } = await loaded.call(program, { a, b });
    lines.push(
      `a=0x${a.toString(16)} b=0x${b.toString(16)}: ${out.map((value: bigint) => value.toString(16)).join(" ")}`,
    );
  }
  return lines;
}

describe("instructions: the kernel judges the embedded engine", { skip: kernelOrSkip() }, () => {
  for (const program of programs) {
    it(program, async () => {
      await using embedded = await fixture("embedded", "insn");
      await using kernel = await fixture("kernel", "insn");
      assert.deepEqual(await results(embedded, program), await results(kernel, program));
    });
  }
});
