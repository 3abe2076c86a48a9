import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { pendingEnds } from "../../src/host/at-exit.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { openMappings } from "../../src/sys/memory/mapping.ts";
import { openRingBuf, openUserRingBuf } from "../../src/workers/index.ts";
import { until } from "../kernel/kernel-fixture.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { fixture, onEachEngine, onKernel } from "../suite/fixture.ts";
import type { Opened, OpenerOrder } from "./ring-opener.ts";

/** A thread that has opened the ring, or was refused. */
class Opener implements AsyncDisposable {
  readonly worker: Worker;
  readonly answer: Promise<unknown>;

  constructor(handle: Opened) {
    this.worker = new Worker(new URL("./ring-opener.js", import.meta.url), { workerData: handle });
    this.answer = this.#next();
  }

  async tell(order: OpenerOrder): Promise<unknown> {
    const answer = order === "exit" ? once(this.worker, "exit") : this.#next();
    this.worker.postMessage(order);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.terminate();
  }

  async #next(): Promise<unknown> {
    const [message] = (await once(this.worker, "message")) as unknown[];
    return message;
  }
}

const busy = {
  refused: "BUSY",
  message: "Cannot open ring events: this handle is open already, and a ring has one reader; close that one first",
};

onEachEngine("a ring that is shared", (engine) => {
  it("has one reader in all threads together; the next one goes on where it has ended", async () => {
    await using loaded = await fixture(engine, "workers");
    const handle = loaded.bpf.ringBuf("events").share();
    await loaded.call("emit", { first: 0n, count: 3 });
    await using first = new Opener(handle);
    assert.equal(await first.answer, "open");
    await using second = new Opener(handle);
    assert.deepEqual(await second.answer, busy);
    await assert.rejects(openRingBuf(handle), { code: "BUSY", message: busy.message });
    assert.deepEqual(await first.tell("drain"), [0, 1, 2]);
    await loaded.call("emit", { first: 3n, count: 3 });
    await first.tell("close");
    await using third = new Opener(handle);
    assert.equal(await third.answer, "open");
    // The first one's end is not the third one's.
    await first.tell("exit");
    await assert.rejects(openRingBuf(handle), { code: "BUSY" });
    assert.deepEqual(await third.tell("drain"), [3, 4, 5]);
  });

  it("is free when its reader's thread ends, also when that is terminated", async () => {
    await using loaded = await fixture(engine, "workers");
    const handle = loaded.bpf.ringBuf("events").share();
    for (const end of ["exit", "terminate"] as const) {
      await using reader = new Opener(handle);
      assert.equal(await reader.answer, "open");
      await assert.rejects(openRingBuf(handle), { code: "BUSY" });
      if (end === "exit") await reader.tell("exit");
      else await reader.worker.terminate();
      (await openRingBuf(handle)).close();
    }
  });

  it("of many threads that open it at once, one gets it", async () => {
    await using loaded = await fixture(engine, "workers");
    const handle = loaded.bpf.ringBuf("events").share();
    const openers = Array.from({ length: 6 }, () => new Opener(handle));
    const answers = await Promise.all(openers.map(({ answer }) => answer));
    assert.equal(answers.filter((answer) => answer === "open").length, 1);
    await Promise.all(openers.map(({ worker }) => worker.terminate()));
  });

  it("cannot be opened when its collection is closed, which leaves the place free", async () => {
    const loaded = await fixture(engine, "workers");
    const handle = loaded.bpf.ringBuf("events").share();
    await loaded.bpf.close();
    for (let i = 0; i < 2; i += 1) {
      const outcome = await openRingBuf(handle).then(
        (ring) => ring.close(),
        (error: { code: string }) => error.code,
      );
      assert.notEqual(outcome, "BUSY");
    }
  });

  it("leaves no listener behind, however often it is opened and closed", async () => {
    await using loaded = await fixture(engine, "workers");
    await using users = await fixture(engine, "user-ring");
    const handle = loaded.bpf.ringBuf("events").share();
    const user = users.bpf.userRingBuf("samples").share();
    const before = process.listenerCount("exit");
    for (let i = 0; i < 20; i += 1) {
      (await openRingBuf(handle)).close();
      (await openUserRingBuf(user)).close();
    }
    assert.ok(process.listenerCount("exit") <= before + 1, "one that guards the calls of the system");
    const again = [process.listenerCount("exit"), pendingEnds()];
    (await openRingBuf(handle)).close();
    (await openUserRingBuf(user)).close();
    assert.deepEqual([process.listenerCount("exit"), pendingEnds()], again);
    await using cycler = new Opener({ user });
    await cycler.answer;
    assert.equal(await cycler.tell("cycle"), 0);
  });
});

const mappings = (): number => readFileSync("/proc/self/maps", "utf8").match(/bpf-map/g)?.length ?? 0;

onKernel("a ring that is shared", () => {
  it("is unmapped and closed at the end of the thread, whether it was closed before or not", async () => {
    await using loaded = await fixture("kernel", "workers");
    await using users = await fixture("kernel", "user-ring");
    const handle = loaded.bpf.ringBuf("events").share();
    const user = users.bpf.userRingBuf("samples").share();
    const before = mappings();
    const descriptors = openDescriptors().length;
    for (const close of [true, false]) {
      await using reader = new Opener(handle);
      await using writer = new Opener({ user });
      for (const opener of [reader, writer]) {
        assert.equal(await opener.answer, "open");
        assert.ok(mappings() > before);
        if (close) await opener.tell("close");
        await opener.tell("exit");
      }
      for (let wait = 0; mappings() > before && wait < 6000; wait += 1) await sleep(10);
      assert.equal(mappings(), before);
    }
    assert.equal(openDescriptors().length, descriptors);
  });

  it("is unmapped in a thread that lives on, when nothing can reach it", async () => {
    await using loaded = await fixture("kernel", "workers");
    await using users = await fixture("kernel", "user-ring");
    const handle = loaded.bpf.ringBuf("events").share();
    const user = users.bpf.userRingBuf("samples").share();
    const before = openMappings();
    for (let i = 0; i < 10; i += 1) {
      (await openRingBuf(handle)).close();
      (await openUserRingBuf(user)).close();
    }
    await until(() => {
      collectGarbage();
      return openMappings() <= before;
    }, "the memory is unmapped");
  });
});
