import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BtfBuilder, makeDecoder, makeEncoder, parseBtf } from "../../src/btf/index.ts";
import { writeModule } from "../../src/codegen/write-module.ts";
import type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "../../src/spec/types.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { type Shape, shapes } from "../btf/arbitrary-type.ts";
import { compilers, Scratch } from "./compilers.ts";

/** What would end a comment, a string or a declaration, is a word of TypeScript, or of its tools. */
const nasty = [
  "*/",
  "/** */ export const x = 1;",
  "// @ts-ignore",
  "@ts-expect-error",
  "prettier-ignore",
  "`",
  "${x}",
  '"',
  "'",
  "\\",
  "\\u0022",
  "\n",
  "\r\n",
  "\u2028",
  "\u0000a",
  "\ud800",
  "\u202e",
  "é",
  "😀",
  "",
  " ",
  "a b",
  "1",
  "1e5",
  "-1",
  "__proto__",
  "constructor",
  "default",
  "class",
  "any",
  "object",
  "load",
  "Program",
  "MapOf",
  "Uint8Array",
  "URL",
  "a",
  "A",
  "a_",
  "_a",
  "a-b",
  "a.b",
  "aB",
  "ab",
  "a2",
  "a_2",
  "$",
  "_",
  "Exclude",
  "ProgramOf",
  "defineObject",
];
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...nasty) },
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ maxLength: 300 }),
);

const typeNumbers = Object.values(MapType).filter((type) => type !== 0);

interface Hostile {
  readonly shapes: readonly Shape[];
  readonly names: readonly string[];
  readonly mapTypes: readonly number[];
}

const hostile: fc.Arbitrary<Hostile> = fc.record({
  shapes: fc.array(shapes, { minLength: 12, maxLength: 12 }),
  names: fc.array(name, { minLength: 60, maxLength: 60 }),
  mapTypes: fc.array(fc.constantFrom(...typeNumbers), { minLength: 12, maxLength: 12 }),
});

/** Each of the types as a map, a ring, a variable and a context, under names that somebody wished for. */
function specOf({ shapes: list, names, mapTypes }: Hostile): CollectionSpec {
  const builder = new BtfBuilder();
  let next = 0;
  const nextName = (): string => names[next++ % names.length]!.replaceAll("\0", "?");
  const types = list.map((shape) => {
    const inner = shape.build(builder);
    const values = [nextName(), nextName()].map((each, value) => ({ name: each, value }));
    const kind = builder.add({ kind: "enum", name: nextName(), size: 4, signed: false, values });
    const members = [
      { name: nextName(), type: builder.typedef(nextName(), inner), offset: 0 },
      { name: nextName(), type: kind, offset: shape.size },
    ];
    return builder.struct(nextName(), shape.size + 4, members);
  });
  const btf = parseBtf(builder.bytes());
  const map = (type: number, index: number): MapSpec => ({
    name: nextName(),
    type: mapTypes[index]!,
    keySize: 4,
    valueSize: btf.sizeOf(type),
    maxEntries: 1,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: type,
    valueType: types.at(-1 - index)!,
    recordType: type,
    recordReason: nextName(),
    inner: undefined,
    slots: [],
    section: undefined,
    contents: undefined,
    readOnly: false,
  });
  const variable = (type: number, index: number): VariableSpec => ({
    name: nextName(),
    section: nextName(),
    offset: 0,
    size: btf.sizeOf(type),
    type,
    readOnly: index % 2 === 0,
  });
  const program = (): ProgramSpec => ({
    name: nextName(),
    section: nextName(),
    instructions: [],
    references: [],
    btfFunction: 0,
    lines: [{ slot: 0, file: nextName(), line: 1, column: 1, text: "", fileOffset: 0, textOffset: 0 }],
    coreRelocations: [],
    linkage: "global",
    type: 1,
    attachType: undefined,
    attachTo: "",
    kind: nextName(),
    sleepable: false,
    autoload: true,
  });
  return {
    license: "GPL",
    maps: types.map(map),
    variables: types.map(variable),
    programs: types.map(program),
    functions: [],
    btf,
  };
}

const origin = { object: new Uint8Array(3), digest: "sha256-" };

function numRuns(): number {
  return Number(process.env["EBPF_TS_GEN_RUNS"] ?? 8);
}

describe("modules of objects that nobody would write", () => {
  it("parse, type-check, and are laid out as the formatter does, whatever the names are", async () => {
    const scratch = new Scratch();
    const texts: string[] = [];
    try {
      fc.assert(
        fc.property(hostile, name, (parts, file) => {
          const path = `./${file.replaceAll(/[\0/]/g, "")}.bpf.o`;
          const text = writeModule(specOf(parts), origin, { path });
          assert.equal(writeModule(specOf(parts), origin, { path }), text);
          scratch.write(`m${texts.length}.ts`, text);
          texts.push(text);
        }),
        { numRuns: numRuns() },
      );
      for (const compiler of compilers) assert.equal(scratch.compile(compiler), "", compiler.version);
      scratch.format(80);
      for (const [index, text] of texts.entries()) assert.equal(scratch.read(`m${index}.ts`), text);
    } finally {
      scratch.remove();
    }
  });

  it("have types that what is decoded has, and that what is encoded may have", () => {
    const scratch = new Scratch();
    try {
      let count = 0;
      const sample = fc
        .tuple(hostile, fc.infiniteStream(fc.nat()))
        .chain(([parts]) => fc.tuple(fc.constant(parts), fc.tuple(...parts.shapes.map(({ value }) => value))));
      for (const [parts, values] of fc.sample(sample, numRuns())) {
        const own = { ...parts, mapTypes: parts.mapTypes.map(() => MapType.HASH) };
        const spec = specOf(own);
        for (const [index, map] of spec.maps.entries())
          Object.assign(map, { name: `m${index}`, valueType: map.keyType });
        scratch.write(`m${count}.ts`, writeModule(spec, origin, { path: "./it.bpf.o" }));
        const lines = values.map((value, index) => {
          const decoded = through(spec, spec.maps[index]!.valueType, value);
          return `bpf.maps.m${index}.set(${literalOf(decoded)}, ${literalOf(decoded)} satisfies Read<"m${index}">);`;
        });
        scratch.write(
          `use${count}.ts`,
          [
            `import object from "./m${count}.js";`,
            "const bpf = await object.load();",
            "type Read<Name extends keyof typeof bpf.maps> = NonNullable<ReturnType<(typeof bpf.maps)[Name]['get']>>;",
            ...lines,
          ].join("\n"),
        );
        count += 1;
      }
      for (const compiler of compilers) assert.equal(scratch.compile(compiler), "", compiler.version);
    } finally {
      scratch.remove();
    }
  });
});

/** The value of its first member, encoded as the struct and decoded again. */
function through({ btf }: CollectionSpec, id: number, value: unknown): unknown {
  const type = btf!.type(id);
  const [first] = type.kind === "struct" ? type.members : [];
  const encoder = makeEncoder(btf!, id);
  const bytes = new Uint8Array(encoder.size);
  // Both members may have one name.
  const struct = Object.fromEntries([[first!.name, value]]);
  try {
    encoder.encode(struct, new DataView(bytes.buffer), 0);
  } catch {
    bytes.fill(1);
  }
  return makeDecoder(btf!, id).decode(new DataView(bytes.buffer), 0, bytes.length);
}

/** A value as TypeScript writes it. */
function literalOf(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return quoted(value);
  if (value instanceof Uint8Array) return `Uint8Array.of(${value.join(", ")})`;
  if (Array.isArray(value)) return `[${value.map(literalOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  // A property of that name would be the prototype.
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key === "__proto__" ? '["__proto__"]' : quoted(key)}: ${literalOf(each)}`)
    .join(", ")} }`;
}

function quoted(text: string): string {
  const units = text.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${units.join("")}"`;
}
