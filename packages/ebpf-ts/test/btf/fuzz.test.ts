import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  alignOf,
  makeDecoder,
  makeEncoder,
  mendBtf,
  mendForKernel,
  parseBtf,
  parseBtfExt,
  validateBtf,
} from "../../src/btf/index.ts";
import type { Btf } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mutate, randomFrom } from "../support/mutate.ts";

interface Sections {
  readonly name: string;
  readonly btf: Uint8Array;
  readonly ext: Uint8Array;
}

/** The type information of the committed objects. */
function readSections(): Sections[] {
  const folder = fixturePath(".");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".bpf.o") && !name.startsWith("bad"))
    .flatMap((name) => {
      const { sections } = parseElf(readFileSync(fixturePath(name)));
      const btf = sections.find((section) => section.name === ".BTF");
      const ext = sections.find((section) => section.name === ".BTF.ext");
      return btf === undefined || ext === undefined ? [] : [{ name, btf: btf.data, ext: ext.data }];
    });
}

const objects = readSections();

/** Runs what may fail with our error only. */
function allow(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof EbpfError) return false;
    throw error;
  }
}

const record = new DataView(new ArrayBuffer(4096));

/** All that can be asked of a table, type by type; then again when it was mended, which leaves nothing that is in the way of anything. */
function exercise(btf: Btf, ext: Uint8Array): void {
  walk(btf, ext);
  mendBtf(btf);
  assert.deepEqual(
    mendBtf(btf).filter(({ message }) => message.endsWith("it is left out")),
    [],
  );
  for (let id = 0; id < btf.length; id++) btf.nameOf(id);
  walk(btf, ext);
  const kernels = parseBtf(mendForKernel(btf, { old: false }));
  validateBtf(kernels);
  validateBtf(parseBtf(mendForKernel(btf, { old: true })));
  assert.equal(kernels.string(1), btf.string(1));
}

function walk(btf: Btf, ext: Uint8Array): void {
  const valid = allow(() => validateBtf(btf));
  for (let id = 0; id < btf.length; id++) {
    const named = allow(() => btf.nameOf(id));
    allow(() => btf.sizeOf(id));
    allow(() => alignOf(btf, id));
    if (valid) assert.ok(named, `type ${id} is valid, but has no name`);
    allow(() => {
      const decoder = makeDecoder(btf, id);
      const length = Math.min(decoder.size + 8, record.byteLength);
      const value = decoder.decode(record, 0, length);
      const encoder = makeEncoder(btf, id);
      if (encoder.sizeFor(value) <= record.byteLength) encoder.encode(value, new DataView(new ArrayBuffer(4096)), 0);
    });
  }
  allow(() => btf.find("event"));
  allow(() => JSON.stringify(btf));
  allow(() => parseBtfExt(ext, btf));
}

test("the committed objects are valid, every type of them", () => {
  assert.ok(objects.length > 0, "there are no fixtures");
  for (const { btf: bytes, ext, name } of objects) {
    const btf = parseBtf(bytes);
    if (name.endsWith("spec-plain-c.bpf.o")) assert.throws(() => validateBtf(btf), { code: "BAD_BTF" });
    else validateBtf(btf);
    for (let id = 1; id < btf.length; id++) assert.ok(btf.nameOf(id).length > 0, `${name} ${id}`);
    assert.ok(parseBtfExt(ext, btf).lines.size > 0, name);
  }
});

const mutants = 600;

test("mutated tables give types or our error, and never hang", () => {
  const before = process.memoryUsage().rss;
  let slowest = 0;
  for (let seed = 0; seed < mutants; seed++) {
    const { btf, ext, name } = objects[seed % objects.length]!;
    const random = randomFrom(seed);
    const started = process.cpuUsage();
    try {
      allow(() => exercise(parseBtf(mutate(btf, random)), mutate(ext, random)));
    } catch (error) {
      throw new Error(`Mutant ${seed} of ${name}: ${String(error)}`, { cause: error });
    }
    // Of the processor: others may have it meanwhile.
    const { user, system } = process.cpuUsage(started);
    slowest = Math.max(slowest, (user + system) / 1000);
  }
  assert.ok(slowest < 5000, `one mutant took ${slowest} ms`);
  assert.ok(process.memoryUsage().rss - before < 256 * 2 ** 20);
});

test("a table that ends early gives our error, or the types before", () => {
  const { btf, ext } = objects[0]!;
  const whole = parseBtf(btf);
  for (let length = 0; length < btf.length; length += 7) allow(() => exercise(parseBtf(btf.slice(0, length)), ext));
  for (let length = 0; length < ext.length; length += 7) allow(() => parseBtfExt(ext.slice(0, length), whole));
});
