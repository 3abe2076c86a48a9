/** Every function that a subpath exports, called with what it does not take: the answer is ours, and names what is wrong. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { RingScanner } from "../../src/ring/index.ts";
import { parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- what no compiler would let pass
type Anything = any;
type Door = (...given: Anything[]) => unknown;

const bytes = readFileSync(fixturePath("maps.bpf.o"));
const spec = parse(bytes);
const { btf } = spec;
const [program] = spec.programs;
const [code] = program!.references.length > 0 ? [program!.instructions] : [[]];
const layout = { size: 4096, origin: "linux" };
const header = { length: 8, busy: false, discarded: false, pageOffset: 3 };
const nothing = (): void => {};
const ring = {
  size: 4096,
  data: new Uint8Array(8192),
  consumer: new BigUint64Array(1),
  producer: new BigUint64Array(1),
  open: true,
};
async function* stream(): AsyncGenerator<number> {
  yield 1;
}

/** By subpath and name: arguments that are right, each of which is then replaced by what is wrong. */
const doors: Readonly<Record<string, Readonly<Record<string, readonly unknown[] | string>>>> = {
  index: {
    defineObject: [{ name: "x", digest: "x", object: new Uint8Array(0) }],
    dispatch: [stream(), nothing, { concurrency: 1 }],
    haveEngine: ["embedded"],
    holdCommand: ["/none/x", [], {}],
    ktimeToDate: [1n],
    load: [bytes, { engine: "embedded" }],
    merge: [[stream()]],
    openById: [0, {}],
    openPinned: ["/sys/fs/bpf/none", {}],
    openPinnedLink: ["/sys/fs/bpf/none"],
    openPinnedProgram: ["/sys/fs/bpf/none"],
    readObject: ["/none"],
    toJson: "takes any value, and gives what JSON.stringify gives for it",
  },
  "object-file": {
    objectSection: [bytes, ".BTF"],
    parse: [bytes],
    readObject: ["/none"],
  },
  embedded: {
    embeddedEngine: [{}],
    load: [bytes, {}],
    openEventRunner: [{ memory: {} }, { onPrint: nothing, onFault: nothing }],
    openRingBuf: [{}],
    openUserRingBuf: [{}],
    runContext: [{ type: { size: 8 }, bytes: new Uint8Array(8) }],
    dispatch: [stream(), nothing, { concurrency: 1 }],
    merge: [[stream()]],
    defineObject: [{ name: "x", digest: "x", object: "" }],
    ktimeToDate: [1n],
    parse: [bytes],
    toJson: "takes any value, and gives what JSON.stringify gives for it",
  },
  "btf/index": {
    alignOf: [btf, 1],
    applyCoreRelocations: [code, [], btf, btf, "x"],
    hasValue: [btf, 1],
    makeDecoder: [btf, 1],
    makeEncoder: [btf, 1],
    mendBtf: [btf],
    mendForKernel: [btf, { old: true }],
    parseBtf: [btf!.bytes, {}],
    parseBtfExt: [new Uint8Array(24), btf, nothing],
    printC: [btf, {}],
    reopenBtf: [btf!.bytes],
    settleExterns: [btf],
    validateBtf: [btf],
  },
  "insn/index": {
    decodeInstructions: [new Uint8Array(8)],
    disassemble: [code, {}],
    encodeInstructions: [code],
    printInstruction: [code, 0, {}],
    printInstructions: [code, {}],
  },
  "ring/index": {
    checkHeader: [header, { position: 0n, producer: 16n, layout }],
    decodeHeader: [new Uint8Array(8), 0],
    decodeRecords: [new Uint8Array(0), {}],
    decodeRing: [new Uint8Array(4096), { from: 0n, to: 0n, layout }],
    encodeHeader: [header],
    encodeHeaderInto: [new Uint8Array(8), 0, header],
    encodeRecords: [[], {}],
    encodeRing: [[], { ...layout }],
    openConsumer: [ring, "x"],
    pageOffsetAt: [0n, layout],
    isBusy: "bits of a number, asked for each record",
    isDiscarded: "bits of a number, asked for each record",
    payloadLength: "bits of a number, asked for each record",
    recordSize: "bits of a number, asked for each record",
  },
  "spec/index": {
    assemble: [spec, program, { btf }],
    disassembleFunction: [program],
    entryOf: [spec, spec.maps[0]],
    mapKind: [1],
    mapTypeName: [1],
    objectTypes: [bytes],
    parse: [bytes],
    parseSectionName: ["xdp"],
    recordOf: [spec, spec.maps[0]],
    sayRecords: [spec, {}],
    setVariable: [spec, "x", 1],
    choosePrograms: [spec, {}],
    specToJson: [spec],
  },
  "workers/index": {
    dispatchToWorkers: [{}, "handler.js", { workers: 1 }],
    openEventRunner: [{ memory: {} }, { onPrint: nothing, onFault: nothing }],
    openRingBuf: [{}],
    openUserRingBuf: [{}],
  },
  "shared-ring/index": {},
  bundling: {},
  "codegen/index": {
    generateDeclaration: [bytes, { path: "./x.bpf.o" }],
    generateModule: [bytes, { path: "./x.bpf.o" }],
  },
  "kernel/index": {
    attachKindNames: [],
    btfs: [],
    countRuns: [],
    detachLink: [0],
    findBtf: [0],
    findLink: [0],
    findMap: [0],
    findProgram: [0],
    haveAttachKind: ["xdp"],
    haveHelper: [1, "map_lookup_elem"],
    haveKfunc: ["bpf_obj_new_impl", 6],
    haveMapType: [1],
    haveProgramType: [1],
    holders: [],
    idsOf: ["map", "0"],
    links: [],
    maps: [],
    pinById: ["map", 0, "/sys/fs/bpf/none"],
    pins: [],
    printed: "opens a trace buffer; its options are those of printk()",
    programs: [],
    readBtf: [0],
    programCode: [0],
    readKernelBtf: [],
    readVerifierPath: ["0: (95) exit"],
  },
  "compile/index": { compile: ["/none.bpf.c", {}] },
  esbuild: { ebpf: [{}] },
  vite: { ebpf: [{}] },
};

/** The last may be any value: of a variable, of a name for errors. */
const free: Readonly<Record<string, readonly number[]>> = { setVariable: [2] };

const junk: readonly unknown[] = [
  undefined,
  null,
  5,
  -1,
  0.5,
  NaN,
  "x",
  "",
  {},
  [],
  [null],
  [5],
  nothing,
  Symbol("s"),
  7n,
  true,
  { a: 1 },
  new Uint8Array(3),
];

/** What JavaScript itself says, of things that are not ours to speak of. */
const runtimes =
  /Cannot read propert|is not a function|is not iterable|Cannot mix|Cannot convert|is not defined|Cannot destructure|undefined \(|not a constructor|circular|Invalid (?:array|typed|string)/;

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return typeof value;
  return value instanceof Uint8Array ? "bytes" : (JSON.stringify(value) ?? "undefined");
}

/** Undefined where it went well, or the answer is ours. */
async function strangeAnswer(door: Door, given: readonly unknown[]): Promise<string | undefined> {
  try {
    const result: unknown = await door(...given);
    if (Symbol.iterator in Object(result)) for (const _ of result as Iterable<unknown>);
    await (result as { close?(): unknown } | undefined)?.close?.();
    return undefined;
  } catch (error) {
    if (error instanceof EbpfError) return undefined;
    const isOurs = (error instanceof TypeError || error instanceof RangeError) && !runtimes.test(error.message);
    return isOurs ? undefined : String(error);
  }
}

function isClass(value: unknown): boolean {
  return typeof value === "function" && Function.prototype.toString.call(value).startsWith("class ");
}

describe("doors that are given what they do not take", () => {
  for (const [subpath, rows] of Object.entries(doors)) {
    it(subpath, async () => {
      const module = (await import(`../../src/${subpath}.js`)) as Readonly<Record<string, unknown>>;
      const functions = Object.keys(module).filter(
        (name) => typeof module[name] === "function" && !isClass(module[name]),
      );
      assert.deepEqual(functions.sort(), Object.keys(rows).sort(), "each has a row");
      for (const [name, right] of Object.entries(rows)) {
        if (typeof right === "string") continue;
        for (const index of right.keys()) {
          if (free[name]?.includes(index)) continue;
          for (const wrong of junk) {
            const strange = await strangeAnswer(module[name] as Door, right.with(index, wrong));
            assert.equal(strange, undefined, `${name}, argument ${index + 1} is ${show(wrong)}`);
          }
        }
      }
    });
  }

  it("a builder of BTF, and the readers of rings", async () => {
    const builder = new BtfBuilder();
    const methods: Readonly<Record<string, readonly unknown[]>> = {
      int: ["int", 4, "signed"],
      pointer: [1],
      array: [1, 2, 1],
      typedef: ["t", 1],
      struct: ["s", 4, [{ name: "a", type: 1, offset: 0 }]],
      enum: ["e", { A: 1 }],
      add: [{ kind: "int", name: "int", size: 4, encoding: "signed", bits: 32, bitOffset: 0 }],
    };
    for (const [name, right] of Object.entries(methods)) {
      const door: Door = (...given) => (builder as Anything)[name](...given);
      for (const index of right.keys())
        for (const wrong of junk)
          assert.equal(await strangeAnswer(door, right.with(index, wrong)), undefined, `${name}(${show(wrong)})`);
    }
    const members = { kind: "struct", name: "s", size: 4, members: [{ name: "a", type: 1, bitOffset: 0, bitSize: 0 }] };
    for (const member of Object.keys(members))
      for (const wrong of junk)
        assert.equal(
          await strangeAnswer((type) => builder.add(type), [{ ...members, [member]: wrong }]),
          undefined,
          member,
        );
    assert.doesNotThrow(() => parseBtf(builder.bytes()));
    for (const wrong of junk)
      for (const member of ["", ...Object.keys(ring)]) {
        const memory = member === "" ? wrong : { ...ring, [member]: wrong };
        assert.equal(
          await strangeAnswer((given) => new RingScanner(given), [memory]),
          undefined,
          `${member} ${show(wrong)}`,
        );
      }
  });

  it("say which argument it is", () => {
    const said: [() => unknown, RegExp][] = [];
    const say = (door: Door, given: readonly unknown[], message: RegExp): void =>
      void said.push([() => door(...given), message]);
    for (const [subpath, name, given, message] of [
      ["btf", "alignOf", [5, 1], /^The types of alignOf\(\) must be types as .*, not 5$/],
      ["btf", "alignOf", [btf, "x"], /^The type of alignOf\(\) must be a whole number, not "x"$/],
      ["btf", "makeDecoder", [btf, null], /^The type of makeDecoder\(\) must be/],
      ["btf", "makeEncoder", [null, 1], /^The types of makeEncoder\(\) must be/],
      ["btf", "validateBtf", [5], /^The types of validateBtf\(\) must be/],
      ["btf", "parseBtfExt", ["x", btf], /^The bytes of parseBtfExt\(\) must be a Uint8Array, not "x"$/],
      [
        "btf",
        "applyCoreRelocations",
        [[], [5], btf, btf, "x"],
        /^The relocations of applyCoreRelocations\(\)\[0\] must be an object/,
      ],
      ["insn", "encodeInstructions", [[null]], /^Instruction 0 must be an object, not null$/],
      ["insn", "disassemble", [[{}]], /^The opcode of the instructions of disassemble\(\)\[0\] must be/],
      ["ring", "checkHeader", [null, null], /^The header of checkHeader\(\) must be an object, not null$/],
      ["spec", "assemble", [{}, program], /^The list maps of the spec of assemble\(\) must be an array/],
      [
        "spec",
        "disassembleFunction",
        [{}],
        /^The instructions of the function of disassembleFunction\(\) must be an array/,
      ],
      ["spec", "setVariable", [spec, 5, 1], /^The name of setVariable\(\) must be a string, not 5$/],
      ["spec", "mapKind", ["x"], /^The type of mapKind\(\) must be a BPF_MAP_TYPE_\*, not "x"$/],
    ] as const)
      say((...all) => modules[subpath][name]!(...all), given, message);
    for (const [act, message] of said) assert.throws(act, { message });
  });
});

const modules = {
  btf: (await import("../../src/btf/index.ts")) as unknown as Record<string, Door>,
  insn: (await import("../../src/insn/index.ts")) as unknown as Record<string, Door>,
  ring: (await import("../../src/ring/index.ts")) as unknown as Record<string, Door>,
  spec: (await import("../../src/spec/index.ts")) as unknown as Record<string, Door>,
};
