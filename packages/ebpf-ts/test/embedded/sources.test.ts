import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import type { EngineCommand } from "../../src/engine/command.ts";
import { embeddedEngine } from "../../src/engine/embedded/user/embedded-engine.ts";
import { openEventRunner } from "../../src/engine/embedded/sources/event-runner.ts";
import type { EventSource, SourceHost } from "../../src/engine/embedded/sources/event-source.ts";
import type { EngineCollection, EngineOptions } from "../../src/engine/engine.ts";
import type { EngineProgram } from "../../src/engine/program.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  exit,
  fetch64,
  loadMap,
  mapSpec,
  mov,
  movImm,
  specOf,
  store64,
  type Code,
} from "./test-machine.ts";
import { TestSource } from "./test-source.ts";

/** Puts the first word of its context into the ring, and returns it. */
const say: readonly Code[] = [
  fetch64(6, 1, 0),
  store64(10, -8, 6),
  loadMap(1, 0),
  mov(2, 10),
  addImm(2, -8),
  movImm(3, 8),
  movImm(4, 0),
  call("ringbuf_output"),
  mov(0, 6),
  exit,
];
const fault: readonly Code[] = [movImm(1, 0), fetch64(0, 1, 0), exit];
const print: readonly Code[] = [
  movImm(1, 0x6968),
  store64(10, -8, 1),
  mov(1, 10),
  addImm(1, -8),
  movImm(2, 3),
  call("trace_printk"),
  movImm(0, 0),
  exit,
];

async function load(
  sources: readonly EventSource[],
  places: readonly string[],
  code: readonly Code[] = say,
  options: Partial<EngineOptions> = {},
): Promise<EngineCollection> {
  const programs = places.map((section) => {
    const [kind = "", attachTo = ""] = section.split("/");
    return {
      section,
      kind,
      attachTo,
      references: code === say ? [{ slot: 2, kind: "map" as const, map: "events" }] : [],
    };
  });
  const spec = specOf([mapSpec("events", MapType.RINGBUF, 0, 0, 1 << 20)], programs, code);
  return embeddedEngine({ sources }).load(spec, { onPrint: () => {}, onFault: () => {}, ...options });
}

const program = (collection: EngineCollection, index = 0): EngineProgram =>
  collection.programs.get(`program_${index}`)!;

/** All that was ever said. */
function said(collection: EngineCollection): bigint[] {
  const { memory } = collection.maps.get("events")!.ring!();
  const end = Number(Atomics.load(memory.producer, 0));
  const view = new DataView(memory.data.buffer, memory.data.byteOffset);
  return Array.from({ length: end / 16 }, (_, index) => view.getBigUint64(16 * index + 8, true));
}

describe("sources of events", () => {
  it("fire the programs that are attached, as long as they are", async () => {
    const source = new TestSource("one", ["tick"]);
    const collection = await load([source], ["raw_tp/tick", "raw_tp/tick"]);
    assert.deepEqual(source.fire("tick", 1n), []);
    const link = await program(collection).attach();
    assert.deepEqual(source.fire("tick", 2n), [2n]);
    const others = [await program(collection, 1).attach(), await program(collection, 1).attach()];
    assert.deepEqual(source.fire("tick", 3n), [3n, 3n, 3n], "once for each time that it is attached");
    await link.close();
    await link.close();
    await others[0]!.close();
    assert.deepEqual(source.fire("tick", 4n), [4n]);
    assert.deepEqual(said(collection), [2n, 3n, 3n, 3n, 4n]);
    await collection.close();
    assert.deepEqual(source.fire("tick", 5n), []);
    assert.equal(source.stopped, 1);
  });

  it("stand side by side: each place is found in the one that has it", async () => {
    const sources = [new TestSource("one", ["tick"]), new TestSource("two", ["tock"])] as const;
    const collection = await load(sources, ["raw_tp/tick", "raw_tp/tock"]);
    for (const index of [0, 1]) await program(collection, index).attach();
    assert.deepEqual([sources[0].fire("tick", 1n), sources[1].fire("tock", 2n)], [[1n], [2n]]);
    assert.deepEqual([sources[0].fire("tock", 3n), sources[1].fire("tick", 4n)], [[], []]);
    await collection.close();
  });

  it("that have the same place all fire it", async () => {
    const sources = [new TestSource("one", ["tick"]), new TestSource("two", ["tick"])] as const;
    const collection = await load(sources, ["raw_tp/tick"]);
    const link = await program(collection).attach();
    for (const [index, source] of sources.entries()) source.fire("tick", BigInt(index));
    await link.close();
    for (const source of sources) source.fire("tick", 9n);
    assert.deepEqual(said(collection), [0n, 1n]);
    await collection.close();
  });

  it("must agree on what the context of a place is", async () => {
    const sources = [new TestSource("one", ["tick"]), new TestSource("two", ["tick"], { size: 8, writable: true })];
    const collection = await load(sources, ["raw_tp/tick"]);
    await assert.rejects(program(collection).attach(), /one and two both have it, and give it different contexts/);
    assert.deepEqual(
      sources.map((source) => source.fire("tick", 1n)),
      [[], []],
    );
    await collection.close();
  });

  it("are listed where none has a place", async () => {
    const sources = [new TestSource("one", ["tick"]), new TestSource("two", ["tock", "tack"])];
    const collection = await load(sources, ["raw_tp/tuck", "uprobe/"]);
    const listed = (error: unknown): boolean =>
      error instanceof NotSupportedError &&
      /program_0 to raw_tracepoint\/tuck: .*one \(raw_tp\/tick\); two \(raw_tp\/tock, raw_tp\/tack\)/.test(
        error.message,
      );
    await assert.rejects(program(collection).attach(), listed);
    await collection.close();
    const bare = await load([], ["raw_tp/tick"]);
    await assert.rejects(
      program(bare).attach(),
      /this embedded engine has no sources of events; run it by hand, or use the kernel engine, which needs root/,
    );
    await bare.close();
  });

  it("say why they have a place no more, unless another has it", async () => {
    const sources = [new TestSource("one", []), new TestSource("two", ["one_gone"])];
    const without = await load(sources.slice(0, 1), ["raw_tp/one_gone"]);
    await assert.rejects(program(without).attach(), { code: "NOT_FOUND", message: "one has no one_gone any more" });
    await without.close();
    const collection = await load(sources, ["raw_tp/one_gone"]);
    await program(collection).attach();
    assert.deepEqual(sources[1]!.fire("one_gone", 7n), [7n]);
    await collection.close();
  });

  it("start commands where they can: the first that does", async () => {
    const sources = ["one", "two", "three"].map((name) => new TestSource(name, []));
    const collection = await load(sources, []);
    await assert.rejects(collection.spawn("true", [], {}), NotSupportedError);
    await collection.close();
    for (const source of sources.slice(1)) {
      source.spawn = async (file) => (source.spawned.push(file), { pid: 7 } as EngineCommand);
    }
    const able = await load(sources, []);
    assert.equal((await able.spawn("true", [], {})).pid, 7);
    assert.deepEqual(
      sources.map(({ spawned }) => spawned),
      [[], ["true"], []],
    );
    await able.close();
  });

  it("may fire in a thread of their own, on the same maps, beside this one", async () => {
    const source = new TestSource("one", ["tick"]);
    const collection = await load([source], ["raw_tp/tick"]);
    await program(collection).attach();
    const count = 2000;
    const end = source.fireInThread("tick", count);
    for (let value = 0; value < count; value++) source.fire("tick", BigInt(count + value));
    assert.deepEqual(await end, []);
    const values = said(collection).sort((a, b) => Number(a - b));
    assert.deepEqual(
      values,
      Array.from({ length: 2 * count }, (_, index) => BigInt(index)),
    );
    await collection.close();
  });

  it("are all stopped at the end, also when one fails at that", async () => {
    const sources = [new TestSource("one", []), new TestSource("two", [])];
    const mine = new Error("mine");
    sources[0]!.stop = () => {
      throw mine;
    };
    const collection = await load(sources, []);
    await assert.rejects(collection.close(), mine);
    assert.equal(sources[1]!.stopped, 1);
  });
});

describe("a source that cannot start", () => {
  it("is the error of the load, and those that have started are stopped", async () => {
    const source = new TestSource("one", []);
    const broken: EventSource = {
      name: "broken",
      places: [],
      start: () => {
        throw new Error("mine");
      },
    };
    await assert.rejects(load([source, broken], []), /mine/);
    assert.equal(source.stopped, 1);
  });
});

describe("what goes wrong in an event", () => {
  const mine = new Error("mine");

  it("a fault is told, and gives nothing; the next event comes", async () => {
    const faults: EbpfError[] = [];
    const source = new TestSource("one", ["tick"]);
    const collection = await load([source], ["raw_tp/tick"], fault, { onFault: (error) => faults.push(error) });
    await program(collection).attach();
    assert.deepEqual([source.fire("tick", 1n), source.fire("tick", 1n)], [[undefined], [undefined]]);
    assert.deepEqual(
      faults.map(({ code }) => code),
      ["FAULT", "FAULT"],
    );
    await collection.close();
  });

  it("so is what it prints", async () => {
    const lines: string[] = [];
    const source = new TestSource("one", ["tick"]);
    const collection = await load([source], ["raw_tp/tick"], print, { onPrint: (line) => lines.push(line) });
    await program(collection).attach();
    source.fire("tick", 1n);
    assert.deepEqual(lines, ["hi"]);
    await collection.close();
  });

  const failures = [
    [
      "onPrint throws",
      print,
      {
        onPrint: (): never => {
          throw mine;
        },
      },
    ],
    ["onFault rejects", fault, { onFault: () => Promise.reject(mine) }],
  ] as const;
  for (const [title, code, options] of failures) {
    it(`${title}: there are no more events, and the end of the collection says why`, async () => {
      const source = new TestSource("one", ["tick"]);
      const collection = await load([source], ["raw_tp/tick"], code, options as Partial<EngineOptions>);
      await program(collection).attach();
      source.fire("tick", 1n);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(source.fire("tick", 1n), [undefined]);
      await assert.rejects(collection.close(), mine);
    });
  }

  it("a context that is not of its type is the source's own mistake", async () => {
    const context = { size: 8, objects: [{ at: 0, size: 16 }] };
    const source = new TestSource("one", ["tick"], context);
    const collection = await load([source], ["raw_tp/tick"]);
    await program(collection).attach();
    assert.throws(() => source.fire("tick", 1n), RangeError);
    await collection.close();
  });

  it("a context whose type is impossible is one too: nothing outside of it is written or read", async () => {
    let host: SourceHost | undefined;
    const source: EventSource = {
      name: "one",
      places: [],
      start: (given) => {
        host = given;
        return { find: () => undefined, stop: () => {} };
      },
    };
    const faults: EbpfError[] = [];
    const collection = await load([source], ["raw_tp/tick"], say, { onFault: (fault) => void faults.push(fault) });
    const bytes = new Uint8Array(16);
    for (const hidden of [-8, 17, 0.5, NaN])
      assert.throws(() => host!.fire(0, { type: { size: 16, hidden }, bytes }), RangeError);
    for (const at of [-8, 9, 16, 2 ** 20, 0.5, NaN]) {
      const type = { size: 16, objects: [{ at, size: 8 }] };
      assert.throws(() => host!.fire(0, { type, bytes, objects: [new Uint8Array(8)] }), RangeError);
    }
    assert.equal(
      host!.fire(0, { type: { size: 16, objects: [{ at: 8, size: 8 }] }, bytes, objects: [new Uint8Array(8)] }),
      0n,
    );
    // Who runs programs in a thread of its own may give what no type has made.
    const runner = openEventRunner(host!.shareImage("test"), {
      onPrint: () => {},
      onFault: (fault) => void faults.push(fault),
    });
    assert.equal(runner.run(0, { bytes, objects: [{ at: 2 ** 20, bytes }] }, host!.task()), undefined);
    assert.match(
      faults[0]!.message,
      /^Cannot run a program: RangeError: A context of 16 bytes has no pointer at 1048576$/,
    );
    await collection.close();
  });
});
