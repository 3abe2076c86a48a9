import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { findExecutableSymbol } from "../../src/elf/executable/find-symbol.ts";
import { mutate, randomFrom } from "../support/mutate.ts";
import { buildExecutable, fileOf } from "./executable-file.ts";

const base = 0x40_0000;
const text = base + 0x1000;

interface Function {
  readonly name: string;
  /** From the start of the code. */
  readonly at: number;
}

/** The table of the linker of Go, of one of its layouts, without what nobody asks for. */
function tableOf(functions: readonly Function[], magic: number, saysWhere = true): Uint8Array {
  const isShort = magic === 0xffff_fff0 || magic === 0xffff_fff1;
  const words = magic === 0xffff_fffb ? 1 : isShort ? 8 : 7;
  const entry = isShort ? 4 : 8;
  const names = new TextEncoder().encode(functions.map(({ name }) => `${name}\0`).join(""));
  const header = 8 + 8 * words;
  const index = header;
  const records = index + entry * (2 * functions.length + 1);
  const namesAt = records + functions.length * 16;
  const bytes = new Uint8Array(namesAt + names.length);
  const view = new DataView(bytes.buffer);
  const word = (number: number, value: number): void => view.setBigUint64(8 + 8 * number, BigInt(value), true);
  const put = (at: number, value: number): void =>
    entry === 4 ? view.setUint32(at, value, true) : view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, magic, true);
  bytes.set([0, 0, 1, 8], 4);
  word(0, functions.length);
  if (isShort) word(2, saysWhere ? text : 0);
  if (words > 1) word(isShort ? 3 : 2, namesAt);
  if (words > 1) word(words - 1, index);
  const from = words > 1 ? index : 0;
  let nameAt = words > 1 ? 0 : namesAt;
  for (const [number, { name, at }] of functions.entries()) {
    const record = records + 16 * number;
    put(index + 2 * number * entry, isShort ? at : text + at);
    put(index + (2 * number + 1) * entry, record - from);
    put(record, isShort ? at : text + at);
    view.setInt32(record + entry, nameAt, true);
    nameAt += new TextEncoder().encode(name).length + 1;
  }
  bytes.set(names, namesAt);
  return bytes;
}

function executableWith(table: Uint8Array, name = ".gopclntab"): Uint8Array {
  return buildExecutable({
    sections: [
      { name: ".text", type: 1, address: text, bytes: new Uint8Array(64) },
      { name, type: 1, bytes: table },
    ],
  });
}

const layouts = [
  ["1.2", 0xffff_fffb],
  ["1.16", 0xffff_fffa],
  ["1.18", 0xffff_fff0],
  ["1.20", 0xffff_fff1],
] as const;

describe("functions of programs in Go", () => {
  for (const [since, magic] of layouts) {
    it(`since Go ${since}`, () => {
      const name = fc.string({ minLength: 1, maxLength: 20 }).filter((each) => !/[\0@]/.test(each));
      const functions = fc.uniqueArray(fc.record({ name, at: fc.nat(0xfff) }), {
        minLength: 1,
        selector: (each) => each.name,
      });
      fc.assert(
        fc.property(functions, fc.boolean(), (all, saysWhere) => {
          const file = fileOf(executableWith(tableOf(all, magic, saysWhere), ".data.rel.ro.gopclntab"));
          for (const { name: wanted, at } of all)
            assert.deepEqual(findExecutableSymbol(file, wanted), { name: wanted, offset: 0x1000 + at, size: 0 });
        }),
        { numRuns: 40 },
      );
    });
  }

  const functions = ["main.main", "main.handle", "runtime.main"].map((name, number) => ({ name, at: 16 * number }));

  it("one that there is not: a near one", () => {
    const file = fileOf(executableWith(tableOf(functions, 0xffff_fff1)));
    assert.throws(() => findExecutableSymbol(file, "main.handel"), {
      code: "NOT_FOUND",
      message: /did you mean main.handle\?/,
    });
  });

  it("of a release that is not known", () => {
    const file = fileOf(executableWith(tableOf(functions, 0xffff_ff00)));
    assert.throws(() => findExecutableSymbol(file, "main.main"), { code: "BAD_OBJECT", message: /give an offset/ });
  });

  it("of a broken table: an answer or our error, and neither crash nor hang", () => {
    const random = randomFrom(5);
    let refused = 0;
    for (let turn = 0; turn < 2000; turn += 1) {
      const table = mutate(tableOf(functions, layouts[random(4)]![1]), random);
      try {
        findExecutableSymbol(fileOf(executableWith(table)), "main.handle");
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 300 && refused < 2000, `${refused} refused`);
  });
});
