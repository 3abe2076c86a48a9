import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { embeddedEngine } from "../../src/engine/embedded/user/embedded-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import type { Instruction } from "../../src/insn/instruction.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { exit, fetch64, mov, movImm, op, store64, type Code } from "./test-machine.ts";

const silent = { onPrint: () => {}, onFault: () => {} };

/** Registers that random code works on; r1 is the context, where they come from and go to. */
const registers = [0, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const stackSlots = 4;
const contextSize = 8 * (registers.length + stackSlots);

function specOf(code: readonly Code[]): CollectionSpec {
  return {
    license: "GPL",
    maps: [],
    functions: [],
    variables: [],
    btf: undefined,
    programs: [
      {
        name: "random",
        section: "syscall",
        instructions: code.flat(),
        references: [],
        btfFunction: 0,
        lines: [],
        coreRelocations: [],
        linkage: "global",
        type: ProgType.SYSCALL,
        attachType: undefined,
        attachTo: "",
        kind: "syscall",
        sleepable: true,
        autoload: true,
      },
    ],
  };
}

/** Loads registers and stack from the context, runs the body, and stores everything back. */
function wrap(body: readonly Instruction[]): Code[] {
  const slots = Array.from({ length: stackSlots }, (_, index) => index);
  return [
    ...slots.flatMap((slot) => [fetch64(0, 1, 8 * (registers.length + slot)), store64(10, -8 * (slot + 1), 0)]),
    ...registers.map((register, index) => fetch64(register, 1, 8 * index)),
    ...body,
    ...registers.map((register, index) => store64(1, 8 * index, register)),
    ...slots.flatMap((slot) => [fetch64(0, 10, -8 * (slot + 1)), store64(1, 8 * (registers.length + slot), 0)]),
    movImm(0, 0),
    exit,
  ];
}

async function outcome(engine: Engine, code: readonly Code[], contexts: readonly Uint8Array[]): Promise<string[]> {
  const collection = await engine.load(specOf(code), silent);
  try {
    const program = collection.programs.get("random")!;
    const results: string[] = [];
    for (const context of contexts) {
      const after = (await program.run({ context: context.slice() })).context!;
      results.push([...new BigUint64Array(after.slice().buffer)].map((word) => word.toString(16)).join(" "));
    }
    return results;
  } finally {
    await collection.close();
  }
}

const register = fc.constantFrom(...registers);
const immediate = fc.oneof(
  fc.constantFrom(0, 1, -1, 255, 32767, -32768, 2147483647, -2147483648),
  fc.integer({ min: -2147483648, max: 2147483647 }),
);
const width = fc.constantFrom(0x07, 0x04);
const plain = fc.constantFrom(0x00, 0x10, 0x20, 0x40, 0x50, 0xa0, 0xb0);
const shift = fc.constantFrom(0x60, 0x70, 0xc0);
const division = fc.tuple(fc.constantFrom(0x30, 0x90), fc.constantFrom(0, 1));
const slot = fc.integer({ min: 1, max: stackSlots });

/** What the kernel's verifier takes: no division by a constant 0, no shift by more than the width. */
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.tuple(width, plain, register, register).map(([w, code, dst, src]) => op(w | code | 0x08, dst, src)),
  fc.tuple(width, plain, register, immediate).map(([w, code, dst, imm]) => op(w | code, dst, 0, 0, imm)),
  fc
    .tuple(width, shift, register, fc.integer({ min: 0, max: 31 }))
    .map(([w, code, dst, imm]) => op(w | code, dst, 0, 0, imm)),
  fc
    .tuple(width, division, register, register)
    .map(([w, [code, offset], dst, src]) => op(w | code | 0x08, dst, src, offset)),
  fc
    .tuple(width, division, register, immediate)
    .map(([w, [code, offset], dst, imm]) => op(w | code, dst, 0, offset, imm === 0 ? 3 : imm)),
  fc.tuple(width, register).map(([w, dst]) => op(w | 0x80, dst)),
  fc.tuple(fc.constantFrom(8, 16, 32), register, register).map(([bits, dst, src]) => op(0xbf, dst, src, bits)),
  fc.tuple(fc.constantFrom(8, 16), register, register).map(([bits, dst, src]) => op(0xbc, dst, src, bits)),
  fc
    .tuple(fc.constantFrom(0xd4, 0xdc, 0xd7), fc.constantFrom(16, 32, 64), register)
    .map(([code, bits, dst]) => op(code, dst, 0, 0, bits)),
  fc.tuple(register, slot).map(([src, at]) => store64(10, -8 * at, src)),
  fc
    .tuple(fc.constantFrom(0x61, 0x69, 0x71, 0x79, 0x81, 0x89, 0x91), register, slot)
    .map(([code, dst, at]) => op(code, dst, 10, -8 * at)),
  fc
    .tuple(
      fc.constantFrom(0xdb, 0xc3),
      fc.constantFrom(0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1),
      register,
      slot,
    )
    .map(([code, kind, src, at]) => op(code, 10, src, -8 * at, kind)),
);

const compareExchange = 0xf1;
const fetches = (code: Instruction): boolean => (code.opcode === 0xdb || code.opcode === 0xc3) && (code.imm & 1) === 1;

/**
 * Linux 6.18 does not look through what an atomic operation fetches from the stack when it asks what a jump depends on: it prunes a path on
 * which the jump goes the other way, and takes it for one that always jumps. Through the context's memory nothing is known of the value.
 * A bare 32-bit compare-exchange leaves r0's upper half as it was where it prunes behind it: `w0 = w0` clears it for both.
 */
function mended(code: readonly Instruction[]): Instruction[] {
  return code.flatMap((each) => {
    if (!fetches(each)) return [each];
    const fetched = each.imm === compareExchange ? 0 : each.src;
    const clear = each.opcode === 0xc3 && each.imm === compareExchange ? [op(0xbc, 0, 0)] : [];
    return [each, ...clear, store64(1, 0, fetched), fetch64(fetched, 1, 0)].flat();
  });
}

const condition = fc.constantFrom(0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0);
const jump: fc.Arbitrary<Instruction> = fc.oneof(
  fc
    .tuple(fc.constantFrom(0x05, 0x06), condition, register, register)
    .map(([group, code, dst, src]) => op(group | code | 0x08, dst, src)),
  fc
    .tuple(fc.constantFrom(0x05, 0x06), condition, register, immediate)
    .map(([group, code, dst, imm]) => op(group | code, dst, 0, 0, imm)),
);

/** Blocks, each of which a jump may skip. */
const body = fc
  .array(
    fc.tuple(fc.option(jump, { nil: undefined }), fc.array(instruction, { minLength: 1, maxLength: 6 }).map(mended)),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((blocks) =>
    blocks.flatMap(([skip, code]) => (skip === undefined ? code : [{ ...skip, offset: code.length }, ...code])),
  );

const word = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x7fff_ffff_ffff_ffffn,
    0x8000_0000_0000_0000n,
    0xffff_ffff_ffff_ffffn,
  ),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
);
const context = fc
  .array(word, { minLength: contextSize / 8, maxLength: contextSize / 8 })
  .map((words) => new Uint8Array(new BigUint64Array(words).buffer));

describe("random programs mean the same on the kernel", { skip: kernelOrSkip() }, () => {
  it("arithmetic, jumps, memory and atomics", async () => {
    const [kernel, embedded] = [kernelEngine(), embeddedEngine()];
    await fc.assert(
      fc.asyncProperty(body, fc.array(context, { minLength: 4, maxLength: 4 }), async (code, contexts) => {
        const program = wrap(code);
        assert.deepEqual(await outcome(embedded, program, contexts), await outcome(kernel, program, contexts));
      }),
      { numRuns: 150 },
    );
  });

  it("has a program that leaves its mark, so that the comparison compares something", async () => {
    const code = wrap([op(0x07, 2, 0, 0, 5), mov(3, 2)]);
    const [after] = await outcome(embeddedEngine(), code, [new Uint8Array(contextSize)]);
    assert.equal(after, "0 5 5 0 0 0 0 0 0 0 0 0 0");
  });
});
