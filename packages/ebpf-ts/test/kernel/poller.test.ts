import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { pendingEnds } from "../../src/host/at-exit.ts";
import { Worker } from "node:worker_threads";
import type { EngineCollection } from "../../src/engine/engine.ts";
import type { EngineRing } from "../../src/engine/ring.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { loadFixture, moduleUrl, u64, until } from "./kernel-fixture.ts";

/** Milliseconds after which something never happens any more. */
const hanging = 120_000;
/** A record: header and one u64. */
const recordBytes = 16n;

function emit(collection: EngineCollection, program = "emit", flags = 0n): Promise<unknown> {
  return collection.programs.get(program)!.run({ context: u64(7n, flags) });
}

/** Comes back when a bell has rung that was armed now: one that was to ring before has rung as well. */
async function settled(collection: EngineCollection): Promise<void> {
  const sentinel = new Listener(collection, "others");
  for (let turn = 1; turn <= 2; turn += 1) {
    const ringing = sentinel.next();
    sentinel.arm();
    await emit(collection, "emit_other");
    await ringing;
    sentinel.catchUp();
  }
  sentinel.close();
}

/** A ring with a bell that counts, and that is armed anew only when asked. */
class Listener {
  rings = 0;
  readonly ring: EngineRing;
  readonly #bell;
  #onRing = (): void => {};

  constructor(collection: EngineCollection, name: string) {
    this.ring = collection.maps.get(name)!.ring!();
    this.#bell = this.ring.bell(() => {
      this.rings += 1;
      this.#onRing();
    });
  }

  /** Resolves when it rings the next time. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#onRing = resolve));
  }

  arm(): void {
    this.#bell.arm();
  }

  close(): void {
    this.#bell.close();
  }

  /** Consumes everything. */
  catchUp(): void {
    this.ring.memory.consumer[0] = this.ring.memory.producer[0]!;
  }
}

describe("kernel: bells", { skip: kernelOrSkip() }, () => {
  it("ring once for each time they are armed, at once when there is data already", async () => {
    const collection = await loadFixture("kernel-ring");
    const listener = new Listener(collection, "events");
    await emit(collection);
    await settled(collection);
    assert.equal(listener.rings, 0);
    listener.arm();
    await until(() => listener.rings === 1, "the bell rings for what was there");
    await emit(collection);
    await settled(collection);
    assert.equal(listener.rings, 1);
    listener.catchUp();
    listener.arm();
    await settled(collection);
    assert.equal(listener.rings, 1);
    await emit(collection);
    await until(() => listener.rings === 2, "the bell rings for what came");
    listener.close();
    await collection.close();
  });

  it("of two rings, and two of the same ring, ring on their own", async () => {
    const collection = await loadFixture("kernel-ring");
    const [first, second, other] = [
      new Listener(collection, "events"),
      new Listener(collection, "events"),
      new Listener(collection, "others"),
    ];
    for (const listener of [first, second, other]) listener.arm();
    await emit(collection, "emit_other");
    await until(() => other.rings === 1, "the other ring rings");
    await settled(collection);
    assert.deepEqual([first.rings, second.rings], [0, 0]);
    await emit(collection);
    await until(() => first.rings === 1 && second.rings === 1, "both bells of the ring ring");
    await collection.close();
  });

  it("that were closed do not ring, and neither arming nor closing them again does harm", async () => {
    const collection = await loadFixture("kernel-ring");
    const [closed, kept] = [new Listener(collection, "events"), new Listener(collection, "events")];
    closed.arm();
    kept.arm();
    closed.close();
    closed.arm();
    closed.close();
    await emit(collection);
    await until(() => kept.rings === 1, "the other bell rings");
    await settled(collection);
    assert.equal(closed.rings, 0);
    await collection.close();
    kept.arm();
    kept.close();
  });

  it("of a user ring ring when there is room", async () => {
    const collection = await loadFixture("kernel-ring");
    const listener = new Listener(collection, "commands");
    const { memory } = listener.ring;
    fill(memory.data, memory.size);
    memory.producer[0] = BigInt(memory.size);
    listener.arm();
    await settled(collection);
    assert.equal(listener.rings, 0);
    const { returnValue } = await collection.programs.get("drain")!.run({});
    assert.equal(returnValue, memory.size / Number(recordBytes));
    await until(() => listener.rings === 1, "the bell rings for room");
    listener.close();
    await collection.close();
  });

  it("lose no wake-up, whether data comes before or after they are armed", { timeout: hanging }, async () => {
    const collection = await loadFixture("kernel-ring");
    const listener = new Listener(collection, "events");
    for (let turn = 1; turn <= 2000; turn++) {
      const ringing = listener.next();
      if (turn % 3 === 0) await emit(collection);
      listener.arm();
      // Whoever waits is at it, or is not yet.
      if (turn % 3 === 1) await new Promise((resolve) => setImmediate(resolve));
      if (turn % 3 !== 0) await emit(collection);
      await ringing;
      assert.equal(listener.rings, turn);
      listener.catchUp();
    }
    listener.close();
    await collection.close();
  });

  it("that come and go faster than threads end leave one listener at the process", async () => {
    const [before, ends] = [process.listenerCount("exit"), pendingEnds()];
    const collection = await loadFixture("kernel-ring");
    for (let turn = 0; turn < 12; turn++) {
      const listener = new Listener(collection, "events");
      listener.arm();
      listener.close();
    }
    assert.ok(process.listenerCount("exit") <= before + 1, `${process.listenerCount("exit") - before} listeners`);
    await collection.close();
    await until(() => process.listenerCount("exit") === before, "the listener is gone");
    await until(() => pendingEnds() <= ends, "no thread is left to be woken");
  });

  it("in a thread, do not wait for the one that waits for them: it looks by the clock meanwhile", async () => {
    const script = preamble(`
      const { until } = await import(${JSON.stringify(moduleUrl("../test/kernel/kernel-fixture.js"))});
      const order = [];
      process.once("worker", (thread) => thread.once("message", () => order.push("the thread waits")));
      const early = collection.maps.get("events").ring().bell(() => order.push("a ring"));
      early.arm();
      await emit();
      await until(() => order.length === 2, "the thread has started", 30_000);
      require("node:worker_threads").parentPort.postMessage(order);
      early.close();
      bell.close();
      await collection.close();
    `);
    const worker = new Worker(script, { eval: true, stderr: true });
    assert.deepEqual(await once(worker, "message"), [["a ring", "the thread waits"]]);
    await worker.terminate();
  });

  it("leave nothing open when the last one is closed, and a new one starts anew", async () => {
    // Threads of the tests before this one may still be ending.
    await until(() => !openDescriptors().includes("the poller"), "earlier pollers are gone");
    const before = openDescriptors().length;
    for (let turn = 0; turn < 3; turn++) {
      const collection = await loadFixture("kernel-ring");
      const listener = new Listener(collection, "events");
      listener.arm();
      await emit(collection);
      await until(() => listener.rings === 1, "the bell rings");
      await collection.close();
      await until(() => openDescriptors().length === before, "the poller is gone");
    }
  });
});

/** A ring full of committed samples of 8 bytes. */
function fill(data: Uint8Array, size: number): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < size; at += Number(recordBytes)) view.setUint32(at, 8, true);
}

describe("kernel: a process with bells", { skip: kernelOrSkip() }, () => {
  /** An armed bell alone keeps the process alive: the timer does not. */
  const later = (deed: string): string =>
    `bell.arm(); setTimeout(() => { console.error("later"); ${deed} }, 200).unref();`;
  const cases = [
    { title: "that are not armed ends when there is nothing else to do", script: "", code: 0 },
    { title: "that rang and are not armed again ends too", script: "bell.arm(); await emit();", code: 0 },
    { title: "that are armed goes on until one is closed", script: later("bell.close();"), code: 0, says: "later" },
    {
      title: "that are armed goes on until a collection is closed",
      script: later("collection.close();"),
      code: 0,
      says: "later",
    },
    {
      title: "that are armed goes on while nothing happens",
      script: later("process.exit(3);"),
      code: 3,
      says: "later",
    },
    {
      title: "that are not armed can be left with process.exit()",
      script: "setTimeout(() => process.exit(3), 100);",
      code: 3,
    },
    { title: "can be left with process.exit() at once", script: "bell.arm(); process.exit(3);", code: 3 },
    {
      title: "ends by an error that nobody catches",
      script: "bell.arm(); setTimeout(() => { throw new Error('nobody catches me') }, 100);",
      code: 1,
      says: "nobody catches me",
    },
    {
      title: "ends by a rejection that nobody catches",
      script: "bell.arm(); setTimeout(() => Promise.reject(new Error('nobody catches me')), 100);",
      code: 1,
      says: "nobody catches me",
    },
  ];
  for (const { title, script, code, says = "ready" } of cases) {
    it(title, async () => {
      const result = await runScript(preamble(script));
      assert.equal(result.code, code, result.errors);
      assert.ok(result.errors.includes(says), result.errors);
    });
  }

  it("in a worker thread can be terminated", async () => {
    const inWorker = `
      const { Worker } = await import("node:worker_threads");
      const worker = new Worker(${JSON.stringify(preamble("bell.arm(); (await import('node:worker_threads')).parentPort.postMessage('armed');"))}, { eval: true });
      worker.once("message", () => worker.terminate());
    `;
    const result = await runScript(inWorker);
    assert.equal(result.code, 0, result.errors);
  });
});

function preamble(script: string): string {
  return `(async () => {
    const { loadFixture, u64 } = await import(${JSON.stringify(moduleUrl("../test/kernel/kernel-fixture.js"))});
    const collection = await loadFixture("kernel-ring");
    const emit = () => collection.programs.get("emit").run({ context: u64(1n, 0n) });
    let rings = 0;
    const bell = collection.maps.get("events").ring().bell(() => { rings += 1; });
    console.error("ready");
    ${script}
  })();`;
}

interface ScriptResult {
  /** Null when it has not ended by itself. */
  readonly code: number | null;
  readonly errors: string;
}

/** Runs a script in a process of its own. */
function runScript(source: string): Promise<ScriptResult> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: hanging,
    killSignal: "SIGKILL",
  });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, errors })));
}
