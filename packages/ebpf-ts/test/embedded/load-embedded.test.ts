import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { embeddedEngine, load, parse } from "../../src/embedded.ts";
import { load as loadInNode } from "../../src/load.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { addImm, call, exit, loadMap, mapSpec, mov, movImm, op, specOf } from "./test-machine.ts";

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

  it("makes do without a map that no program refers to, and tells whoever opens it why", async () => {
    const maps = [mapSpec("there", MapType.ARRAY, 4, 8, 1), mapSpec("trie", MapType.LPM_TRIE, 8, 8, 16)];
    const missing = { code: "NOT_SUPPORTED", message: /map trie/ };
    await using bpf = await load(specOf(maps, [{ name: "ends" }]));
    assert.equal((await bpf.program("ends").run()).returnValue, 0);
    assert.deepEqual([...bpf.maps.keys()], ["there"]);
    assert.throws(() => bpf.map("trie"), missing);
    const uses = { name: "uses", references: [{ slot: 0, kind: "map" as const, map: "trie" }] };
    await assert.rejects(load(specOf(maps, [uses], [loadMap(1, 0), movImm(0, 0), exit])), missing);
    await assert.rejects(load(specOf(maps)), missing);
  });

  it("reads no memory of this process, but what a run is given", async () => {
    const own = Buffer.from("a secret of this process");
    const code = [
      op(0x79, 3, 1, 0),
      mov(1, 10),
      addImm(1, -8),
      movImm(2, 8),
      call("probe_read_user"),
      op(0x79, 0, 10, -8),
      exit,
    ];
    const spec = specOf([], [{ name: "reads" }], code);
    const context = new Uint8Array(8);
    new DataView(context.buffer).setBigUint64(0, 0x7f00_0000_0000n, true);
    for (const door of [load, loadInNode]) {
      await using bpf = await door(spec, door === load ? {} : ({ engine: "embedded" } as object));
      const program = bpf.program("reads");
      await assert.rejects(program.run({ context }), { code: "FAULT", message: /memory of the process/ });
      const readUser = (address: bigint, into: Uint8Array): boolean => {
        into.set(own.subarray(0, into.length));
        return address === 0x7f00_0000_0000n;
      };
      assert.equal((await program.run({ context, task: { readUser } })).returnValue, own.readUInt32LE(0));
      await assert.rejects(program.run({ task: { readUser: 5 as never } }), TypeError);
      for (const given of [undefined, 4, Promise.resolve(true)])
        await assert.rejects(program.run({ context, task: { readUser: () => given as never } }), {
          name: "TypeError",
          message: /^What the readUser of run\(\) gives must be true or false, not /,
        });
      await assert.rejects(program.run({ task: { read: readUser } as never }), /Unknown option read/);
    }
  });

  it("gives an engine that Node's load() takes", async () => {
    await using bpf = await loadInNode(bytes, { engine: embeddedEngine({ cpus: 2 }) });
    assert.equal(bpf.engine, "embedded");
    await assert.rejects(bpf.spawn("true"), { code: "NOT_SUPPORTED" });
    await assert.rejects(loadInNode(bytes, { engine: embeddedEngine(), sources: [{} as never] }), TypeError);
  });
});
