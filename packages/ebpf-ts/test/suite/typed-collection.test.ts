import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { integrityOf } from "../../src/base/digest.ts";
import { defineObject as defineEmbeddedObject } from "../../src/embedded.ts";
import {
  type ConstantOf,
  defineObject,
  load,
  type MapOf,
  type ObjectModule,
  type PerfEventArray,
  type ProgramOf,
  type RingOf,
  TypedCollection,
  type UserRingOf,
  type VariableOf,
} from "../../src/index.ts";
import { parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onEachEngine, onKernel } from "./fixture.ts";

interface Request {
  operation: "OPERATION_ADD" | "OPERATION_MULTIPLY" | "OPERATION_XOR" | "OPERATION_ECHO" | number;
  sequence: number;
  operand: bigint;
}
interface Reply {
  operation: Request["operation"];
  sequence: number;
  total: bigint;
  status: bigint;
}
interface DrainArgs {
  flags: bigint;
  limit: bigint;
  result: bigint;
  seen: bigint;
  sum: bigint;
  inner: bigint;
}

interface UserRingObject {
  readonly maps: { readonly buffers: MapOf<number, Uint8Array> };
  readonly rings: { readonly replies: RingOf<Reply> };
  readonly userRings: { readonly samples: UserRingOf<Request> };
  readonly variables: { readonly total: VariableOf<bigint> };
  readonly programs: { readonly drain_count: ProgramOf<never, DrainArgs>; readonly answer: ProgramOf };
}

interface GlobalsObject {
  readonly maps: object;
  readonly rings: object;
  readonly userRings: object;
  readonly variables: { readonly factor: ConstantOf<number>; readonly counter: VariableOf<bigint> };
  readonly programs: object;
}

interface PerfObject {
  readonly maps: object;
  readonly rings: { readonly events: PerfEventArray<unknown> };
  readonly userRings: object;
  readonly variables: object;
  readonly programs: object;
}

async function moduleOf<Description extends UserRingObject | GlobalsObject | PerfObject>(
  name: string,
): Promise<ObjectModule<Description>> {
  const path = fixturePath(`${name}.bpf.o`);
  const digest = (await integrityOf(await readFile(path)))!;
  return defineObject<Description>({ name: `${name}.bpf.o`, digest, object: pathToFileURL(path) });
}

onEachEngine("typed collection", (engine) => {
  it("has the collection's parts by name, each the same as that which is opened by hand", async () => {
    const { load: loadIt } = await moduleOf<UserRingObject>("user-ring");
    await using bpf = await loadIt({ engine, variables: { total: 5 }, maps: { replies: { maxEntries: 8192 } } });
    assert.ok(bpf instanceof TypedCollection);
    assert.deepEqual(bpf.scope, bpf.collection.scope);
    const { collection } = bpf;
    assert.equal(bpf.engine, engine);
    assert.equal(bpf.maps.buffers, collection.map("buffers"));
    assert.equal(bpf.rings.replies, collection.ringBuf("replies"));
    assert.equal(bpf.rings.replies.size, 8192);
    assert.equal(bpf.userRings.samples, collection.userRingBuf("samples"));
    assert.equal(bpf.programs.drain_count, collection.program("drain_count"));
    assert.equal(bpf.variables.total, collection.variable("total"));
    assert.deepEqual(Object.keys(bpf.userRings), ["samples"]);
    assert.deepEqual(Object.keys(bpf.programs), [...collection.programs.keys()]);
    assert.equal((bpf.maps as { toString?: unknown }).toString, undefined);
    assert.deepEqual([bpf.links, await bpf.attach(), bpf.lost], [[], [], collection.lost]);
  });

  it("takes commands, and gives what they caused", async () => {
    const { load: loadIt } = await moduleOf<UserRingObject>("user-ring");
    await using bpf = await loadIt({ engine, variables: { total: 5 } });
    bpf.userRings.samples.send({ operation: "OPERATION_ADD", sequence: 1, operand: 2 });
    await bpf.programs.answer.run({ context: new Uint8Array(48) });
    assert.equal(bpf.variables.total.get(), 7n);
    for await (const reply of bpf.rings.replies) {
      assert.deepEqual(reply, { operation: "OPERATION_ADD", sequence: 1, total: 7n, status: 0n });
      break;
    }
  });

  it("runs a program with the value of its context", async () => {
    const { load: loadIt } = await moduleOf<UserRingObject>("user-ring");
    await using bpf = await loadIt({ engine });
    for (let sequence = 0; sequence < 3; sequence += 1) bpf.userRings.samples.send({ operation: 3, sequence });
    const { context } = await bpf.programs.drain_count.run({ context: { limit: 2 } });
    assert.equal(new DataView(context!.buffer, context!.byteOffset).getBigUint64(24, true), 2n);
    await assert.rejects(bpf.programs.drain_count.run({ context: { limit: "2" } as never }), {
      name: "ValueError",
      message: /^Cannot run program drain_count: drain_args\.limit: /,
    });
    await assert.rejects(bpf.programs.drain_count.run({ context: { limits: 2 } as never }), { code: "BAD_VALUE" });
    await assert.rejects(bpf.programs.drain_count.run({ context: 5 as never }), TypeError);
    await assert.rejects(bpf.programs.drain_count.run(null as never), TypeError);
  });

  it("sets constants, which are read-only afterwards", async () => {
    const { load: loadIt } = await moduleOf<GlobalsObject>("globals");
    await using bpf = await loadIt({ engine, variables: { factor: 7, counter: 1 } });
    assert.deepEqual([bpf.variables.factor.get(), bpf.variables.counter.get()], [7, 1n]);
    await assert.rejects(loadIt({ engine, variables: { factors: 7 } as never }), { code: "NOT_FOUND" });
  });
});

onKernel("typed collection", () => {
  it("has perf event arrays among its rings, which are opened by their first use", async () => {
    const { load: loadIt } = await moduleOf<PerfObject>("perf");
    await using bpf = await loadIt({ engine: "kernel" });
    assert.equal(bpf.rings.events.isOpen, false);
    assert.equal(bpf.rings.events, bpf.collection.perfEventArray("events", { pages: 2 }));
    assert.equal(bpf.rings.events.isOpen, true);
  });
});

describe("the module of an object", () => {
  it("refuses an object that is newer than itself, and says what to do", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ebpf-stale-"));
    try {
      const path = join(folder, "probe.bpf.o");
      await copyFile(fixturePath("user-ring.bpf.o"), path);
      const digest = (await integrityOf(await readFile(path)))!;
      const probe = defineObject<UserRingObject>({ name: "probe.bpf.o", digest, object: pathToFileURL(path) });
      assert.deepEqual(Buffer.from(await probe.bytes()), await readFile(path));
      await (await probe.load({ engine: "embedded" })).close();
      await copyFile(fixturePath("globals.bpf.o"), path);
      const stale = {
        code: "STALE",
        message:
          "Cannot load probe.bpf.o: it is not the object that its module was generated from, run ebpf gen probe.bpf.o again",
      };
      await assert.rejects(probe.load({ engine: "embedded" }), stale);
      await assert.rejects(probe.bytes(), stale);
      await rm(path);
      await assert.rejects(probe.load(), { code: "NOT_FOUND", message: /there is no such file/ });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("may hold the object itself, for either front door", async () => {
    const bytes = await readFile(fixturePath("user-ring.bpf.o"));
    const source = { name: "user-ring.bpf.o", digest: "", object: bytes.toString("base64") };
    await using bpf = await defineObject<UserRingObject>(source).load({ engine: "embedded" });
    await using other = await defineEmbeddedObject<UserRingObject>({ ...source, object: bytes }).load({ cpus: 1 });
    assert.deepEqual(Object.keys(other.userRings), Object.keys(bpf.userRings));
  });

  it("fetches the file where there are no files", async () => {
    // Some runtimes fetch what is in a file.
    const object = new URL("nowhere:user-ring.bpf.o");
    const probe = defineEmbeddedObject<UserRingObject>({ name: "probe.bpf.o", digest: "", object });
    await assert.rejects(probe.load(), { code: "NOT_FOUND", message: /^Cannot fetch nowhere:/ });
  });

  it("refuses what makes no sense", () => {
    const object = new Uint8Array();
    assert.throws(() => defineObject({ name: "a", digest: 5, object } as never), TypeError);
    assert.throws(() => defineObject({ name: "a", digest: "", object: 5 } as never), TypeError);
    assert.throws(() => defineObject({ name: "a", digest: "", object, more: 1 } as never), TypeError);
    assert.throws(() => defineObject(null as never), TypeError);
  });

  it("a part that was not loaded says why to who asks for it, and is not listed", async () => {
    const path = fixturePath("links.bpf.o");
    const spec = parse(await readFile(path));
    for (const program of spec.programs) program.autoload = false;
    await using collection = await load(spec, { engine: "embedded" });
    const bpf = new TypedCollection<GlobalsObject>(collection);
    assert.deepEqual(Object.keys(bpf.programs), []);
    const [name] = spec.programs.map((program) => program.name);
    assert.throws(() => (bpf.programs as Record<string, unknown>)[name!], {
      code: "NOT_FOUND",
      message: /it was not loaded/,
    });
  });
});
