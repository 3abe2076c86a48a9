import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { assemble, parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mutate, randomFrom } from "../support/mutate.ts";

/** `FUZZ_SEED=123` runs that one input again; `FUZZ_MS` sets how long each object is tried. */
const onlySeed = process.env["FUZZ_SEED"] === undefined ? undefined : Number(process.env["FUZZ_SEED"]);
const milliseconds = Number(process.env["FUZZ_MS"] ?? 400);

/** No input of a few kilobytes may take longer; the slowest of millions took a tenth of it. */
const mostMilliseconds = 2000;

const objects = readdirSync(fixturePath("")).filter((name) => name.endsWith(".bpf.o"));

/** A spec or an `EbpfError`, within bounds of time; everything else is a bug in the parser. */
function tryParse(bytes: Uint8Array, label: string): "spec" | "error" {
  const start = process.cpuUsage();
  try {
    const spec = parse(bytes);
    JSON.stringify(spec);
    for (const program of spec.programs) tryAssemble(() => assemble(spec, program), label);
    return "spec";
  } catch (error) {
    assert.ok(error instanceof EbpfError, `${label}: ${error instanceof Error ? error.stack : String(error)}`);
    assert.match(error.message, /^[A-Z]/, label);
    assert.doesNotMatch(error.message, /undefined|NaN|\[object/, `${label}: ${error.message}`);
    return "error";
  } finally {
    // Of the processor: others may have it meanwhile.
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1000 * mostMilliseconds, `${label}: took ${(user + system) / 1000} ms`);
  }
}

function tryAssemble(run: () => unknown, label: string): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof EbpfError, `${label}, link: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

for (const name of objects) {
  const bytes = new Uint8Array(readFileSync(fixturePath(name)));

  test(`mutants of ${name} give a spec or an EbpfError`, (t) => {
    const outcomes = { spec: 0, error: 0 };
    const before = process.memoryUsage().rss;
    const first = onlySeed ?? Date.now() % 1_000_000_000;
    const last = onlySeed ?? Infinity;
    const end = performance.now() + milliseconds;
    for (let seed = first; seed <= last && performance.now() < end; seed++) {
      outcomes[tryParse(mutate(bytes, randomFrom(seed)), `${name}, FUZZ_SEED=${seed}`)] += 1;
    }
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
    t.diagnostic(`seeds from ${first}: ${outcomes.spec} specs, ${outcomes.error} errors, ${Math.round(grown)} MB more`);
    assert.ok(outcomes.error + outcomes.spec > 0);
    assert.ok(grown < 256, `${name}, from FUZZ_SEED=${first}: ${grown} MB more`);
  });
}

test("an object that is cut off anywhere is refused", () => {
  const bytes = new Uint8Array(readFileSync(fixturePath("spec-code.bpf.o")));
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(tryParse(bytes.subarray(0, length), `cut at ${length}`), "error");
  }
});
