import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { embeddedEngine, load, parse } from "../../src/embedded.ts";
import { load as loadInNode } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";

const bytes = readFileSync(fixturePath("memory.bpf.o"));

describe("load() of ebpf-ts/embedded", () => {
  it("takes bytes and specs, with first values of variables", async () => {
    for (const object of [bytes, new Uint8Array(bytes), parse(bytes)]) {
      await using bpf = await load(object, { variables: { hits: 8 } });
      assert.deepEqual([bpf.engine, bpf.variable("hits").get()], ["embedded", 8]);
    }
  });

  it("refuses what it cannot take", async () => {
    for (const object of ["memory.bpf.o", new URL("file:///memory.bpf.o"), null, {}])
      await assert.rejects(
        load(object as never),
        /^TypeError: The object of load\(\) must be the bytes of a file, or a spec/,
      );
    await assert.rejects(load(bytes, { engine: "kernel" } as never), /Unknown option engine of load\(\)/);
    await assert.rejects(load(bytes, { sources: [7] as never }), /must be an array of sources of events/);
    await assert.rejects(load(bytes, { cpus: 65 }), RangeError);
    assert.throws(() => embeddedEngine({ architecture: "mips" as never }), TypeError);
    await assert.rejects(load(new Uint8Array(8)), (error) => error instanceof EbpfError && error.code === "BAD_OBJECT");
  });

  it("gives an engine that Node's load() takes", async () => {
    await using bpf = await loadInNode(bytes, { engine: embeddedEngine({ cpus: 2 }) });
    assert.equal(bpf.engine, "embedded");
    await assert.rejects(bpf.spawn("true"), { code: "NOT_SUPPORTED" });
    await assert.rejects(loadInNode(bytes, { engine: embeddedEngine(), sources: [{} as never] }), TypeError);
  });
});
