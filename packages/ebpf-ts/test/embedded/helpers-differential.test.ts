import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fixture, type Fixture } from "../suite/fixture.ts";
import { kernelOrSkip } from "../support/requirements.ts";

const numbers = [
  0n,
  1n,
  42n,
  -1n,
  -42n,
  0x41n,
  0x7fff_ffffn,
  0x8000_0000n,
  0x1234_5678_9abcn,
  -(2n ** 63n),
  2n ** 63n - 1n,
].map((value) => BigInt.asUintN(64, value));
const addresses = [0n, 1n, 0xffff_ffff_ffff_ff00n];

/** Programs of helpers.bpf.c whose answers depend on nothing but their arguments. */
const calls: Record<string, Record<string, unknown>[]> = {
  compare_strings: ["kernel", "kerne", "kernem", "kernel!", "", "KERNEL", "kern\xe9l"].map((text) => ({ text })),
  print_text: Array.from({ length: 8 }, (_, form) => numbers.map((b) => ({ a: BigInt(form), b }))).flat(),
  print_address: numbers.map((b) => ({ b })),
  print_bad_pointer: addresses.map((a) => ({ a })),
  read_memory: addresses.map((a) => ({ a })),
  read_user: [
    { a: 0n, b: 8n },
    { a: 0n, b: 0n },
    { a: 1n, b: 64n },
    { a: 0xffff_ffff_ffff_ff00n, b: 3n },
  ],
  read_user_string: addresses.map((a) => ({ a })),
  dynptr_memory: [0n, 1n, 55n, 56n, 57n, 64n, 65n, 2n ** 31n].flatMap((a) => [
    { a, b: 0n },
    { a, b: 1n },
  ]),
  dynptr_invalid: [{}],
  dynptr_record: [8n, 7n, 16n, 64n, 0n, 4072n, 4080n, 5000n, 2n ** 24n].flatMap((a) =>
    [0n, 1n, 8n, 56n].map((b) => ({ a, b })),
  ),
};

async function answers(loaded: Fixture, program: string): Promise<string[]> {
  const lines: string[] = [];
  for (const args of calls[program]!) {
    const { result, results, text } = await loaded.call(program, args);
    lines.push(
      `${JSON.stringify(args, (_, value) => (typeof value === "bigint" ? String(value) : value))}: ${result} ${results} ${JSON.stringify(text)}`,
    );
  }
  return lines;
}

describe("helpers answer as the kernel's do", { skip: kernelOrSkip() }, () => {
  for (const program of Object.keys(calls)) {
    it(program, async () => {
      await using embedded = await fixture("embedded", "helpers");
      await using kernel = await fixture("kernel", "helpers");
      assert.deepEqual(await answers(embedded, program), await answers(kernel, program));
    });
  }
});
