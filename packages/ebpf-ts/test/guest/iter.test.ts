/** Iterators that walk what a locked-down host keeps from them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { fixturePath } from "../support/fixtures.ts";

describe("iter", () => {
  it("walks the entries of a map, more than the kernel hands out at once", async () => {
    const spec = parse(readFileSync(fixturePath("iterators.bpf.o")));
    for (const program of spec.programs) program.autoload = program.name === "on_entry" || program.name === "on_task";
    await using bpf = await load(spec, { engine: "kernel", variables: { only_tgid: process.pid } });
    const entries = bpf.map<number, bigint>("entries");
    const count = 3200;
    for (let key = 0; key < count; key += 1) entries.set(key, BigInt(key) * 3n);
    const program = bpf.program("on_entry");
    const lines: string[] = [];
    for await (const line of program.iterate({ map: "entries" })) lines.push(line);
    const expected = Array.from({ length: count }, (_, key) => `${key}: ${key * 3}`);
    assert.deepEqual(lines.sort(), expected.sort());
    const message = /no map no_such_map/;
    await assert.rejects(program.iterate({ map: "no_such_map" }).text(), { code: "NOT_FOUND", message });
    await assert.rejects(program.iterate({ map: "narrow" }).text(), { message: /reads more than a value of that map/ });
    assert.match(await bpf.program("on_task").iterate().text(), new RegExp(`thread ${process.pid} of`));
  });
});
