import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { EngineCollection } from "../../src/engine/engine.ts";
import type { EnginePerf } from "../../src/engine/perf.ts";
import type { RingBell } from "../../src/ring/ring-memory.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { loopWatches } from "../../src/sys/poll/event-loop.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { loadFixture, moduleUrl, u64, until } from "./kernel-fixture.ts";

const options = { pages: 1, watermark: undefined, overwritable: false };
/** Milliseconds after which something never happens any more: also where the machine is emulated. */
const hanging = 300_000;

const open = (collection: EngineCollection): EnginePerf => collection.maps.get("events")!.perf!(options);

async function emit(collection: EngineCollection, cpu: number): Promise<void> {
  await collection.programs.get("emit")!.run({ context: u64(0n, 1n), cpu });
}

const hasData = ({ rings }: EnginePerf): boolean => rings.some(({ memory: { head, tail } }) => head[0] !== tail[0]);

function empty({ rings }: EnginePerf): void {
  for (const { memory } of rings) memory.tail[0] = memory.head[0]!;
}

/** A reader as the library has one: it looks behind arming the bell, and reads all that is there. */
class Reader {
  rings = 0;
  readonly #perf: EnginePerf;
  readonly #bell: RingBell;
  #wake: () => void = () => {};

  constructor(perf: EnginePerf) {
    this.#perf = perf;
    this.#bell = perf.bell(() => {
      this.rings += 1;
      this.#wake();
    });
  }

  /** Resolves when there is something, which is then read. */
  async next(): Promise<void> {
    while (!hasData(this.#perf)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#bell.arm();
        if (hasData(this.#perf)) resolve();
      });
    }
    empty(this.#perf);
  }

  close(): void {
    this.#bell.close();
  }
}

describe("kernel: bells of perf events", { skip: kernelOrSkip() }, () => {
  it("that are new ring for what comes before the loop watches, and while it begins to", async () => {
    const collection = await loadFixture("perf");
    for (let turn = 0; turn < 200; turn++) {
      const perf = open(collection);
      const reader = new Reader(perf);
      const next = reader.next();
      for (let wait = turn % 4; wait > 0; wait--) await nextTurn();
      await emit(collection, perf.rings[turn % perf.rings.length]!.cpu);
      await next;
      reader.close();
      perf.close();
    }
    await collection.close();
  });

  it("ring again after any pause in which nobody waited, whatever came in it", async () => {
    const collection = await loadFixture("perf");
    const perf = open(collection);
    const reader = new Reader(perf);
    const cpus = perf.rings.map(({ cpu }) => cpu);
    for (let turn = 0; turn < 300; turn++) {
      // Nobody waits: the loop hears of these, and after some of them does not watch any more.
      for (let count = turn % 7 === 0 ? 25 : turn % 4; count > 0; count--) {
        await emit(collection, cpus[(turn + count) % cpus.length]!);
        for (let wait = turn % 3; wait > 0; wait--) await nextTurn();
      }
      empty(perf);
      const next = reader.next();
      for (let wait = turn % 5; wait > 0; wait--) await nextTurn();
      await emit(collection, cpus[turn % cpus.length]!);
      await next;
    }
    reader.close();
    await collection.close();
  });

  it("that nobody arms do not ring, and make no turns of the loop", async () => {
    const collection = await loadFixture("perf");
    const perf = open(collection);
    const reader = new Reader(perf);
    const first = reader.next();
    await emit(collection, 0);
    await first;
    const { rings } = reader;
    for (let turn = 0; turn < 50; turn++) {
      await emit(collection, 0);
      await nextTurn();
    }
    assert.equal(reader.rings, rings);
    reader.close();
    await collection.close();
  });

  it("may be closed, with their rings, within a call of theirs, and by what it awaits", async () => {
    const before = openDescriptors();
    for (let turn = 0; turn < 30; turn++) {
      const collection = await loadFixture("perf");
      const perf = open(collection);
      let closing: Promise<void> | undefined;
      const bell = perf.bell(() => {
        if (turn % 3 === 0) bell.close();
        if (turn % 3 === 1) perf.close();
        closing = collection.close();
      });
      bell.arm();
      for (const { cpu } of perf.rings) await emit(collection, cpu);
      await until(() => closing !== undefined, "it rings");
      await closing;
      bell.arm();
      bell.close();
    }
    await until(() => openDescriptors().length === before.length, "nothing is left open");
  });

  it(
    "need no thread where the event loop watches",
    { skip: !loopWatches() && "this thread has no such loop" },
    async () => {
      await until(() => !openDescriptors().includes("the poller"), "earlier pollers are gone");
      const collection = await loadFixture("perf");
      const perf = open(collection);
      const reader = new Reader(perf);
      const next = reader.next();
      assert.ok(!openDescriptors().includes("the poller"));
      await emit(collection, 0);
      await next;
      reader.close();
      await collection.close();
    },
  );
});

describe("kernel: a process with a perf event array", { skip: kernelOrSkip() }, () => {
  const cases: readonly { title: string; script: string; code?: number; says?: string }[] = [
    {
      title: "that read an event of each CPU, and waits no more, ends by itself",
      script: `
        for (const cpu of perf.cpus) {
          const next = events.next();
          await new Promise(setImmediate);
          await emit(cpu);
          if ((await next).value.cpu !== cpu) throw new Error("another CPU's");
        }
        console.error("read");`,
      says: "read",
    },
    {
      title: "that found an event as it began to wait, and waits no more, ends by itself",
      script: `const next = events.next(); await emit(0); await next; console.error("read");`,
      says: "read",
    },
    {
      title: "that waits goes on until its array is closed",
      script: `setTimeout(() => { console.error("later"); perf.close(); }, 200).unref(); if ((await events.next()).done) console.error("done");`,
      says: "later\ndone",
    },
    { title: "that waits can be left with process.exit()", script: "events.next(); process.exit(3);", code: 3 },
  ];
  for (const { title, script, code = 0, says = "" } of cases) {
    it(title, async () => {
      const source = `
        const { load } = await import(${JSON.stringify(moduleUrl("load.js"))});
        const bpf = await load(${JSON.stringify(fixturePath("perf.bpf.o"))}, { engine: "kernel" });
        const perf = bpf.perfEventArray("events");
        const events = perf.events();
        const emit = (cpu) => bpf.program("emit").run({ context: new Uint8Array(BigUint64Array.of(0n, 1n).buffer), cpu });
        ${script}`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
        stdio: ["ignore", "ignore", "pipe"],
        timeout: hanging,
        killSignal: "SIGKILL",
      });
      let errors = "";
      child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
      assert.deepEqual(await once(child, "close"), [code, null], errors);
      assert.ok(errors.includes(says), errors);
    });
  }
});
