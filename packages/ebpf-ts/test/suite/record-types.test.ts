import assert from "node:assert/strict";
import { before, it } from "node:test";
import { parseBtf } from "../../src/btf/index.ts";
import { BtfBuilder } from "../../src/btf/btf-builder.ts";
import type { Collection } from "../../src/collection/collection.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { compile, compilerOrSkip } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onEachEngine } from "./fixture.ts";

const skip = compilerOrSkip();

/** So many events of a ring. */
async function drained(bpf: Collection, ring: string, count: number): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of bpf.ringBuf(ring).events()) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

onEachEngine("records of types that only debug information tells", (engine: EngineName) => {
  let object: Uint8Array;
  before(() => {
    if (skip === false) object = compile(fixturePath("record-types/by-hand.c"));
  });

  async function written(options: LoadOptions = {}): Promise<Collection> {
    const bpf = await load(object, { ...options, engine });
    await bpf.program("write_all").run();
    return bpf;
  }

  it("are told apart by a tag, and by their size", { skip }, async () => {
    await using bpf = await written();
    assert.deepEqual(await drained(bpf, "tagged", 2), [
      { kind: "OPENED", flags: 7 },
      { kind: "CLOSED", result: -5 },
    ]);
    assert.deepEqual(await drained(bpf, "sized", 2), [
      { a: 3n, b: 4n },
      { a: 1, b: 2 },
    ]);
  });

  it("may end before their type does", { skip }, async () => {
    await using bpf = await written();
    assert.deepEqual(await drained(bpf, "texts", 1), [{ length: 5, text: "hello" }]);
  });

  it("are what the user says: a name, a type of another table, a function", { skip }, async () => {
    const builder = new BtfBuilder();
    const word = builder.int("unsigned int", 4);
    builder.struct("mine", 8, [
      { name: "first", type: word, offset: 0 },
      { name: "second", type: word, offset: 4 },
    ]);
    const types = parseBtf(builder.bytes());
    await using bpf = await written({
      records: {
        tagged: "struct opened",
        plain_records: { type: "mine", types },
        sized: (bytes) => bytes.length,
      },
    });
    assert.deepEqual(await drained(bpf, "tagged", 2), [
      { kind: "OPENED", flags: 7 },
      { kind: "CLOSED", flags: 0xffff_fffb },
    ]);
    assert.deepEqual(await drained(bpf, "plain_records", 1), [{ first: 5, second: 6 }]);
    assert.deepEqual(await drained(bpf, "sized", 2), [16, 8]);
  });

  it("are refused by unknown names, with those that are near", { skip }, async () => {
    const refused: [LoadOptions["records"], RegExp][] = [
      [{ taged: "opened" }, /there is no such ring or perf event array; did you mean tagged\?$/],
      [{ tagged: "opend" }, /^Cannot decode records of tagged as opend: .* have no such type; did you mean opened\?$/],
    ];
    for (const [records, message] of refused) {
      await assert.rejects(load(object, { engine, records }), { name: "EbpfError", code: "NOT_FOUND", message });
    }
    // @ts-expect-error a number is no choice
    await assert.rejects(load(object, { engine, records: { tagged: 5 } }), TypeError);
  });

  it("are found by name where a ring is opened, in debug information too", { skip }, async () => {
    await using bpf = await written();
    const events: unknown[] = [];
    bpf.ringBuf("sized", { type: "large" }).drain((record) => void events.push(record.length));
    assert.deepEqual(events, [16, 8]);
    assert.throws(() => bpf.ringBuf("sized", { type: "larg" }), /did you mean large\?/);
  });
});

onEachEngine("debug information that is broken", (engine: EngineName) => {
  it("is told, and records are bytes", { skip }, async () => {
    const bytes = compile(fixturePath("record-types/by-hand.c"));
    const { parseElf } = await import("../../src/elf/parse-elf.ts");
    const info = parseElf(bytes).sections.find(({ name }) => name === ".debug_info")!;
    info.data.fill(0xff, 12);
    const { subscribe, unsubscribe } = await import("node:diagnostics_channel");
    const told: unknown[] = [];
    const hear = (message: unknown): void => void told.push((message as { finding?: string }).finding ?? message);
    subscribe("ebpf:finding", hear);
    try {
      await using bpf = await load(bytes, { engine });
      assert.deepEqual(told, [], "nobody has asked for it yet");
      await bpf.program("write_all").run();
      assert.deepEqual(await drained(bpf, "plain_records", 1), [Uint8Array.of(5, 0, 0, 0, 6, 0, 0, 0)]);
      assert.match(JSON.stringify(told), /The object's DWARF is broken: .*; the object is read without it/);
    } finally {
      unsubscribe("ebpf:finding", hear);
    }
  });
});
