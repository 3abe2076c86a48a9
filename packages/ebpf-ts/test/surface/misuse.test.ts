/** docs/errors.md for the doors that need no loaded object. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import { embeddedEngine } from "../../src/engine/embedded/user/embedded-engine.ts";
import { disassemble, printInstruction, printInstructions } from "../../src/insn/index.ts";
import { haveEngine } from "../../src/load.ts";
import {
  decodeHeader,
  decodeRecords,
  decodeRing,
  encodeHeader,
  encodeRecords,
  encodeRing,
  RingConsumer,
  RingProducer,
} from "../../src/ring/index.ts";
import { parse, parseSectionName } from "../../src/spec/index.ts";
import { dispatch } from "../../src/stream/dispatch/dispatch.ts";
import { merge } from "../../src/stream/merge.ts";
import { fixturePath } from "../support/fixtures.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- what no compiler would let pass
type Anything = any;
type Door = (given: Anything) => unknown;

interface Row {
  readonly mistake: string;
  readonly given: readonly unknown[];
  readonly error: "TypeError" | "RangeError";
  readonly doors: Readonly<Record<string, Door>>;
}

const nothing = (): void => {};
const layout = { size: 4096, origin: "linux" } as const;
const exit = { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 };
const code = [exit] as Anything;
const bytes = new Uint8Array(64);

function ringMemory(): Anything {
  return {
    size: 4096,
    data: new Uint8Array(8192),
    consumer: new BigUint64Array(1),
    producer: new BigUint64Array(1),
    open: true,
  };
}

async function* stream(): AsyncGenerator<number> {
  yield 1;
}

async function rows(): Promise<Row[]> {
  const btf = parse(await readFile(fixturePath("maps.bpf.o"))).btf!.bytes;
  const consumer = new RingConsumer(ringMemory());
  const producer = new RingProducer(ringMemory());
  const options: Row["doors"] = {
    parseBtf: (given) => parseBtf(btf, given),
    printInstruction: (given) => printInstruction(code, 0, given),
    printInstructions: (given) => printInstructions(code, given),
    disassemble: (given) => disassemble(code, given),
    encodeRecords: (given) => encodeRecords([], given),
    decodeRecords: (given) => [...decodeRecords(bytes, given)],
    "RingConsumer.drain": (given) => consumer.drain(nothing, given),
    dispatch: (given) => dispatch(stream(), nothing, given),
    embeddedEngine: (given) => embeddedEngine(given),
  };
  const byteDoors: Row["doors"] = {
    parse: (given) => parse(given),
    parseBtf: (given) => parseBtf(given),
    decodeHeader: (given) => decodeHeader(given),
    decodeRecords: (given) => [...decodeRecords(given)],
    decodeRing: (given) => [...decodeRing(given, { from: 0n, to: 0n, layout })],
  };
  const sizes: Row["doors"] = {
    "RingProducer.reserve": (size) => producer.reserve(size),
    "RingProducer.stage": (size) => producer.stage(size),
    encodeHeader: (length) => encodeHeader({ length }),
    "encodeHeader, pageOffset": (pageOffset) => encodeHeader({ length: 0, pageOffset: pageOffset ?? null }),
    "RingConsumer, size": (size) => new RingConsumer({ ...ringMemory(), size }),
    "encodeRing, size": (size) => encodeRing([], { ...layout, size }),
    "RingConsumer.drain, max": (max) => consumer.drain(nothing, { max: max ?? null }),
    "RingConsumer.drain, budgetMs": (budgetMs) => consumer.drain(nothing, { budgetMs: budgetMs ?? null }),
    "dispatch, concurrency": (concurrency) => dispatch(stream(), nothing, { concurrency }),
    "embeddedEngine, cpus": (cpus) => embeddedEngine({ cpus: cpus ?? null }),
  };
  const callbacks: Row["doors"] = {
    "RingConsumer.drain": (callback) => consumer.drain(callback),
    dispatch: (handler) => dispatch(stream(), handler, { concurrency: 1 }),
    "dispatch, key": (key) => dispatch(stream(), nothing, { concurrency: 1, order: "by-key", key }),
    "printInstructions, helperName": (helperName) => printInstructions(code, { helperName: helperName ?? null }),
  };
  const words: Row["doors"] = {
    haveEngine: (engine) => haveEngine(engine),
    "dispatch, order": (order) => dispatch(stream(), nothing, { concurrency: 1, order: order ?? null }),
    "dispatch, onOverflow": (onOverflow) =>
      dispatch(stream(), nothing, { concurrency: 1, onOverflow: onOverflow ?? null }),
    "encodeRing, origin": (origin) => encodeRing([], { size: 4096, origin }),
  };
  return [
    { mistake: "options", given: [null, 5, "max", [1], nothing, { foo: 1 }], error: "TypeError", doors: options },
    { mistake: "bytes", given: ["a", [1], null, undefined, {}], error: "TypeError", doors: byteDoors },
    { mistake: "a number", given: ["1", null, {}, [], true, 1n, undefined], error: "TypeError", doors: sizes },
    { mistake: "a size", given: [-1, NaN, -Infinity], error: "RangeError", doors: sizes },
    { mistake: "a callback", given: [null, 5, {}, "f", undefined], error: "TypeError", doors: callbacks },
    { mistake: "a word", given: ["nope", 5, null, {}], error: "TypeError", doors: words },
    {
      mistake: "a section",
      given: [5, null, undefined, {}],
      error: "TypeError",
      doors: { parseSectionName: (section) => parseSectionName(section) },
    },
    {
      mistake: "a type to add",
      given: [{ kind: "nope" }, { kind: "unknown" }, { kind: "void" }, {}, 5],
      error: "TypeError",
      doors: { "BtfBuilder.add": (given) => new BtfBuilder().add(given) },
    },
    {
      mistake: "a stream",
      given: [null, 5, {}, undefined, [1]],
      error: "TypeError",
      doors: { dispatch: (given) => dispatch(given, nothing, { concurrency: 1 }), merge: (given) => merge([given]) },
    },
    {
      mistake: "what can be iterated over",
      given: [null, 5, {}, undefined],
      error: "TypeError",
      doors: { merge: (given) => merge(given), encodeRecords: (given) => encodeRecords(given) },
    },
    {
      mistake: "an instruction",
      given: [1, -1, 0.5, NaN],
      error: "RangeError",
      doors: { printInstruction: (slot) => printInstruction(code, slot) },
    },
  ];
}

it("the same mistake gives the same error in every door that needs no object", async () => {
  for (const { mistake, given, error, doors } of await rows()) {
    for (const [name, door] of Object.entries(doors)) {
      for (const each of given) {
        const shown = `no ${mistake}: ${name} of ${typeof each === "object" ? JSON.stringify(each) : String(each)}`;
        await assert.rejects(async () => door(each), { name: error }, shown);
      }
    }
  }
});

it("a number that stands for no limit is one", () => {
  const consumer = new RingConsumer(ringMemory());
  const { state } = consumer.drain(nothing, { max: Infinity, budgetMs: Infinity, rescan: true });
  assert.equal(state, "empty");
});
