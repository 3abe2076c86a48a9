import assert from "node:assert/strict";
import { it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { fixture, onEachEngine } from "./fixture.ts";

onEachEngine("a record that is shorter than its type", (engine) => {
  it("is an error that says so, and those around it are read", async () => {
    await using loaded = await fixture(engine, "short-record");
    await loaded.bpf.program("write_three").run({});
    const ring = loaded.bpf.ringBuf("events");
    const read: unknown[] = [];
    const errors: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      try {
        for await (const event of ring.events({ until: Promise.resolve() })) read.push(event);
      } catch (error) {
        assert.ok(error instanceof EbpfError);
        assert.equal(error.code, "BAD_VALUE");
        errors.push(error.message);
      }
    }
    assert.deepEqual(read, [
      { a: 1n, b: 2n },
      { a: 3n, b: 2n },
    ]);
    assert.deepEqual(errors, ["Cannot decode struct event: it takes 16 bytes, the record has 12"]);
  });
});
