import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { parseUsdtArguments, type UsdtArgument } from "../../src/elf/usdt/arguments.ts";
import { findUsdt } from "../../src/elf/usdt/notes.ts";
import { mutate, randomFrom } from "../support/mutate.ts";
import { buildExecutable, fileOf, type TestExecutable } from "./executable-file.ts";

const [x64, arm64] = [62, 183];

interface TestNote {
  readonly provider: string;
  readonly name: string;
  readonly args?: string;
  readonly address: number;
  readonly base?: number;
  readonly semaphore?: number;
}

function noteBytes({ provider, name, args = "", address, base = 0x5000, semaphore = 0 }: TestNote): Uint8Array {
  const texts = new TextEncoder().encode(`${provider}\0${name}\0${args}\0`);
  const size = 24 + texts.length;
  const bytes = new Uint8Array(20 + Math.ceil(size / 4) * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [
    [0, 8],
    [4, size],
    [8, 3],
  ] as const)
    view.setUint32(at, value, true);
  bytes.set(new TextEncoder().encode("stapsdt\0"), 12);
  for (const [index, value] of [address, base, semaphore].entries())
    view.setBigUint64(20 + 8 * index, BigInt(value), true);
  bytes.set(texts, 44);
  return bytes;
}

/** Of another owner: no probe. */
const otherNote = (): Uint8Array => {
  const bytes = noteBytes({ provider: "a", name: "b", address: 0 });
  bytes[12] = 0x53;
  return bytes;
};

function executable(notes: readonly TestNote[], base = 0x5000, more: Partial<TestExecutable> = {}): Uint8Array {
  const bytes = Buffer.concat([otherNote(), ...notes.map(noteBytes)]);
  const sections = [
    { name: ".note.stapsdt", type: 7, bytes },
    { name: ".stapsdt.base", type: 1, address: base, bytes: new Uint8Array(1) },
  ];
  return buildExecutable({ sections, ...more });
}

describe("probes that programs define (USDT)", () => {
  const notes = [
    { provider: "app", name: "start", args: "-4@%edi", address: 0x40_1010 },
    { provider: "app", name: "end", address: 0x40_1020, semaphore: 0x40_2008 },
    { provider: "app", name: "start", args: "-4@$7", address: 0x40_1030 },
  ];

  it("all places of one, as bytes of the file", () => {
    const places = [
      { args: "-4@%edi", offset: 0x1010, semaphoreOffset: 0, address: 0x40_1010 },
      { args: "-4@$7", offset: 0x1030, semaphoreOffset: 0, address: 0x40_1030 },
    ];
    assert.deepEqual(findUsdt(fileOf(executable(notes)), "app", "start"), { machine: x64, places });
    const [end] = findUsdt(fileOf(executable(notes, 0x5000, { type: 3, machine: arm64 })), "app", "end").places;
    assert.deepEqual(end, { args: "", offset: 0x1020, semaphoreOffset: 0x2008, address: undefined });
  });

  it("what was moved after the notes were written is found where it is", () => {
    const [place] = findUsdt(fileOf(executable(notes, 0x5100)), "app", "end").places;
    assert.deepEqual([place?.offset, place?.semaphoreOffset], [0x1120, 0x2108]);
  });

  it("others are refused, and those told that there are", () => {
    const refused = (file: Uint8Array, name: string, error: object): void =>
      assert.throws(() => findUsdt(fileOf(file), "app", name), error);
    refused(executable(notes), "strat", { code: "NOT_FOUND", message: /did you mean app:start\?/ });
    refused(executable(notes), "something_else", { code: "NOT_FOUND", message: /it has app:start, app:end$/ });
    refused(buildExecutable({ sections: [] }), "start", { code: "NOT_FOUND", message: /no probes of its own/ });
    const elsewhere = [{ provider: "app", name: "start", address: 0x40_2010 }];
    refused(executable(elsewhere), "start", {
      code: "BAD_OBJECT",
      message: /the code of probe app:start lies at 0x402010/,
    });
    const noSemaphore = [{ ...elsewhere[0]!, address: 0x40_1010, semaphore: 0x99_0000 }];
    refused(executable(noSemaphore), "start", { code: "BAD_OBJECT", message: /the semaphore/ });
  });

  it("of broken notes: an answer or our error", () => {
    const random = randomFrom(13);
    const good = Buffer.concat(notes.map(noteBytes));
    let refused = 0;
    for (let turn = 0; turn < 4000; turn += 1) {
      const bytes = mutate(good, random);
      try {
        findUsdt(fileOf(buildExecutable({ sections: [{ name: ".note.stapsdt", type: 7, bytes }] })), "app", "end");
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 500 && refused < 4000, `${refused} refused`);
  });
});

describe("arguments of probes", () => {
  const cases: readonly [text: string, machine: number, ...all: UsdtArgument[]][] = [
    ["", x64],
    ["-4@%edi", x64, { size: 4, signed: true, in: "register", register: "di" }],
    ["8@%r15", x64, { size: 8, signed: false, in: "register", register: "r15" }],
    ["1@%r9b", x64, { size: 1, signed: false, in: "register", register: "r9" }],
    ["-4@$-9", x64, { size: 4, signed: true, in: "constant", value: -9n }],
    ["8@-8(%rbp)", x64, { size: 8, signed: false, in: "memory", register: "bp", offset: -8n }],
    ["2@(%rax)", x64, { size: 2, signed: false, in: "memory", register: "ax", offset: 0n }],
    [
      "1@-96(%rbp,%rax,8)",
      x64,
      { size: 1, signed: false, in: "element", register: "bp", offset: -96n, index: "ax", scale: 8 },
    ],
    [
      "1@(%rbp,%rax)",
      x64,
      { size: 1, signed: false, in: "element", register: "bp", offset: 0n, index: "ax", scale: 1 },
    ],
    [
      " -4@%eax   8@$0x10 ",
      x64,
      { size: 4, signed: true, in: "register", register: "ax" },
      { size: 8, signed: false, in: "constant", value: 16n },
    ],
    [
      "-4@x0 8@[sp, 96] 4@[x30] -4@-5 8@sp",
      arm64,
      { size: 4, signed: true, in: "register", register: "x0" },
      { size: 8, signed: false, in: "memory", register: "sp", offset: 96n },
      { size: 4, signed: false, in: "memory", register: "x30", offset: 0n },
      { size: 4, signed: true, in: "constant", value: -5n },
      { size: 8, signed: false, in: "register", register: "sp" },
    ],
  ];
  for (const [text, machine, ...all] of cases) {
    it(JSON.stringify(text), () => assert.deepEqual(parseUsdtArguments(text, machine), all));
  }

  it("what no program could read is refused, with its number", () => {
    const refused = (text: string, message: RegExp, machine = x64): void =>
      assert.throws(() => parseUsdtArguments(text, machine), { code: "NOT_SUPPORTED", message });
    refused("-4@%eax 8f@%xmm0", /^Argument 1 of the probe is at "8f@%xmm0": programs cannot read floating-point/);
    refused("4@counter(%rip)", /Argument 0 .* no program could read that/);
    refused("3@%eax", /"3@%eax"/);
    refused("4@%nothing", /%nothing/);
    refused("4@x31", /x31/, arm64);
    refused("4@%eax", /%eax/, 40);
    refused(Array.from({ length: 13 }, () => "4@$1").join(" "), /more than 12 arguments/);
  });

  it("of any letters: arguments or our error, and neither crash nor hang", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."-48@%$()[], raxsp012"), maxLength: 60 });
    fc.assert(
      fc.property(letters, fc.constantFrom(x64, arm64), (text, machine) => {
        try {
          parseUsdtArguments(text, machine);
        } catch (error) {
          assert.ok(error instanceof EbpfError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
