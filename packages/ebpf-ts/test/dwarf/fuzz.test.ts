import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, test } from "node:test";
import { makeDecoder } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { entryOf, parse, recordOf } from "../../src/spec/index.ts";
import { compile, compilerOrSkip } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mutate, randomFrom } from "../support/mutate.ts";

/** `FUZZ_SEED=123` runs that one input again; `FUZZ_MS` sets how long each object is tried. */
const onlySeed = process.env["FUZZ_SEED"] === undefined ? undefined : Number(process.env["FUZZ_SEED"]);
const milliseconds = Number(process.env["FUZZ_MS"] ?? 400);

/** No object of a few kilobytes may take longer, in milliseconds of the processor. */
const most = 2000;

/** A copy of an object with a few bytes of its debug information changed. */
function mutateDebug(bytes: Uint8Array, seed: number): Uint8Array {
  const random = randomFrom(seed);
  const mutant = bytes.slice();
  const sections = parseElf(mutant).sections.filter(
    ({ name, data }) => /^(\.rel)?\.debug_(?!line|frame)/.test(name) && data.length > 0,
  );
  for (let times = 1 + random(3); times > 0; times--) {
    const { data } = sections[random(sections.length)]!;
    data.set(mutate(data, random).subarray(0, data.length));
  }
  return mutant;
}

/** Says whether the debug information was found to be broken. */
function tryRecords(bytes: Uint8Array, label: string): boolean {
  const start = process.cpuUsage();
  let spec: ReturnType<typeof parse>;
  try {
    spec = parse(bytes);
  } catch (error) {
    // Relocations are read with all others, and refused with the file.
    assert.match(String(error), /^EbpfError: /, label);
    return true;
  }
  for (const map of spec.maps) {
    const { btf, variants, why } = recordOf(spec, map);
    assert.doesNotMatch(why, /undefined|NaN|\[object/, `${label}: ${why}`);
    for (const { type } of variants) {
      const size = btf!.sizeOf(type);
      if (size < 1_000_000) makeDecoder(btf!, type).decode(new DataView(new ArrayBuffer(size)), 0, size);
    }
    const entry = entryOf(spec, map);
    for (const [half, size] of [
      [entry.key, map.keySize],
      [entry.value, map.valueSize],
    ] as const) {
      assert.doesNotMatch(half.why, /undefined|NaN|\[object/, `${label}: ${half.why}`);
      if (half.type !== 0 && half.by === "programs")
        makeDecoder(entry.btf!, half.type).decode(new DataView(new ArrayBuffer(size)), 0, size);
    }
  }
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 1000 * most, `${label}: took ${(user + system) / 1000} ms`);
  for (const finding of spec.findings ?? []) assert.match(finding, /^The object's DWARF is broken: /, label);
  return (spec.findings ?? []).length > 0;
}

describe("mutated DWARF tells something or nothing, in time", { skip: compilerOrSkip() }, () => {
  for (const name of [
    "record-types/several-rings",
    "record-types/union",
    "record-types/dynptr-write",
    "record-types/noinline-map",
    "record-types/anonymous-members",
    "record-types/spilled",
    "entry-types/inner",
    "entry-types/wrapper",
    "entry-types/member",
  ]) {
    for (const flags of [[], ["-gdwarf-4"]]) {
      test(`${name} ${flags.join(" ")}`, (t) => {
        const bytes = compile(fixturePath(`${name}.c`), { flags });
        assert.equal(tryRecords(bytes, name), false);
        const first = onlySeed ?? Date.now() % 1_000_000_000;
        const last = onlySeed ?? Infinity;
        const end = performance.now() + milliseconds;
        const outcomes = { sound: 0, broken: 0 };
        for (let seed = first; seed <= last && performance.now() < end; seed++) {
          const broken = tryRecords(mutateDebug(bytes, seed), `${name}, FUZZ_SEED=${seed}`);
          outcomes[broken ? "broken" : "sound"] += 1;
        }
        t.diagnostic(`seeds from ${first}: ${outcomes.sound} read, ${outcomes.broken} found to be broken`);
        assert.ok(outcomes.sound + outcomes.broken > 0);
      });
    }
  }
});
