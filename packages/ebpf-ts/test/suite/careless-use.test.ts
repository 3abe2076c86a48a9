import assert from "node:assert/strict";
import { it } from "node:test";
import { openRingBuf, openUserRingBuf } from "../../src/workers/open/open-shared.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";

async function emit(loaded: Fixture, first: number, count: number): Promise<void> {
  await loaded.call("emit", { first: BigInt(first), count });
}

onEachEngine("rings in careless hands", (engine) => {
  it("a handle of the other kind of ring is refused: its pages are mapped the other way round", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const userRing = loaded.bpf.userRingBuf("samples").share();
    await assert.rejects(openRingBuf(userRing as never), /user ring buffer/);
    const ring = loaded.bpf.ringBuf("replies").share();
    await assert.rejects(openUserRingBuf(ring as never), /openRingBuf\(\)/);
  });

  it("a drain's callback cannot give the ring to another consumer, and its view stays valid when it tries", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf("events");
    await emit(loaded, 0, 10);
    const seen: bigint[] = [];
    ring.drain((record) => {
      for (const other of [
        () => ring.drain(() => {}),
        () => ring.waitSync(0),
        () => ring.share(),
        () => ring.lend(() => {}),
      ]) {
        assert.throws(other, { code: "BUSY" });
      }
      seen.push(record.u64(0));
    });
    assert.deepEqual(seen, [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    await emit(loaded, 10, 1);
    assert.equal(ring.drain(() => {}).delivered, 1);
  });

  it("the owner of a ring that was given away is told so", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf("events");
    ring.share();
    const given = { code: "BUSY", message: /given to another thread, for good, with share\(\)/ };
    for (const read of [
      () => ring.drain(() => {}),
      () => ring.drainBlocking(() => {}),
      () => ring.waitSync(0),
      () => ring.share(),
      () => ring.lend(() => {}),
    ]) {
      assert.throws(read, given);
    }
    await assert.rejects(ring.events().next(), given);
    await assert.rejects(ring.batches().next(), given);
  });

  it("a misspelt or mistyped option is told, and nothing is read meanwhile", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf("events");
    await emit(loaded, 0, 10);
    const given = (value: unknown): never => value as never;
    for (const options of [null, 5, { foo: 1 }, { max: "5" }, { max: null }, { budgetMs: "1" }, { budgetMs: null }]) {
      assert.throws(() => ring.drain(() => {}, given(options)), TypeError);
      assert.throws(() => ring.drainBlocking(() => {}, given(options)), TypeError);
    }
    for (const options of [{ max: NaN }, { max: 0 }, { max: -1 }, { max: 1.5 }, { budgetMs: NaN }, { budgetMs: -1 }]) {
      assert.throws(() => ring.drain(() => {}, options), RangeError);
      assert.throws(() => ring.drainBlocking(() => {}, options), RangeError);
    }
    for (const callback of [undefined, null, 5, {}]) {
      assert.throws(() => ring.drain(given(callback)), TypeError);
      assert.throws(() => ring.drainBlocking(given(callback)), TypeError);
    }
    for (const timeoutMs of ["5", null, {}]) {
      assert.throws(() => ring.waitSync(given(timeoutMs)), TypeError);
      assert.throws(() => ring.drainBlocking(() => {}, { timeoutMs: given(timeoutMs) }), TypeError);
    }
    for (const timeoutMs of [NaN, -1]) assert.throws(() => ring.waitSync(timeoutMs), RangeError);
    const wakeups = [
      "poll",
      null,
      {},
      { intervalMs: "5" },
      { intervalMs: 1, more: 2 },
      { intervalMs: 1, maxLatencyMs: 1 },
    ];
    const loops = [null, 5, { foo: 1 }, { signal: {} }, { signal: 5 }, { until: 5 }, { until: null }];
    for (const options of [...loops, ...wakeups.map((wakeup) => ({ wakeup }))]) {
      assert.throws(() => ring.events(given(options)), TypeError);
      assert.throws(() => ring.batches(given(options)), TypeError);
    }
    for (const intervalMs of [NaN, -1, 2 ** 31, Infinity]) {
      assert.throws(() => ring.events({ wakeup: { intervalMs } }), RangeError);
    }
    const kinds = [{ reserveFraction: "0.5" }, { leaveFree: "8" }, { wait: "yes" }, { wait: true, timeoutMs: "5" }];
    for (const options of [null, { foo: 1 }, { signal: {} }, ...kinds]) {
      await assert.rejects(ring.injectMany([], given(options)), TypeError);
    }
    for (const options of [{ reserveFraction: 1 }, { wait: true, timeoutMs: NaN }, { leaveFree: 0.5 }]) {
      await assert.rejects(ring.injectMany([], given(options)), RangeError);
    }
    assert.throws(() => loaded.bpf.ringBuf("events", given({ typ: "event" })), TypeError);
    assert.equal(ring.received, 0);
    assert.equal(ring.drain(() => {}).delivered, 10);
  });

  it("a user ring's wait for room refuses what makes no sense", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    for (const options of [null, 5, { foo: 1 }, { timeoutMs: "5" }, { timeoutMs: null }, { signal: {} }]) {
      await assert.rejects(ring.reserveWhenFree(8, options as never), TypeError);
    }
    for (const timeoutMs of [NaN, -1, 2 ** 31])
      await assert.rejects(ring.reserveWhenFree(8, { timeoutMs }), RangeError);
    assert.equal(ring.occupied, 0);
  });

  it("what is no handle is refused by openRingBuf and openUserRingBuf", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.ringBuf("replies").share();
    const user = loaded.bpf.userRingBuf("samples").share();
    const shared = new SharedArrayBuffer(0);
    for (const handle of [null, undefined, 5, {}, { ring: null }, { ring: {} }, { ...ring, reader: undefined }]) {
      await assert.rejects(openRingBuf(handle as never), TypeError);
    }
    await assert.rejects(openRingBuf({ ...ring, reader: shared }), TypeError);
    await assert.rejects(openRingBuf({ ...ring, ring: { ...ring.ring, engine: "other" as never } }), TypeError);
    await assert.rejects(openUserRingBuf({ ...user, access: shared }), TypeError);
    await assert.rejects(openUserRingBuf({} as never), TypeError);
  });

  it("a ring that is closed by a drain's callback has given back what it handed out, and its view is over", async () => {
    await using loaded = await fixture(engine, "workers");
    await emit(loaded, 0, 10);
    const handle = loaded.bpf.ringBuf("events").share();
    const seen: number[] = [];
    const first = await openRingBuf(handle);
    const { state } = first.drain((record) => {
      seen.push(Number(record.u64(0)));
      if (seen.length < 4) return;
      first.close();
      assert.equal(record.length, 0);
    });
    assert.equal(state, "stopped");
    using second = await openRingBuf(handle);
    second.drain((record) => void seen.push(Number(record.u64(0))));
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("a loop over batches that is aborted within a batch ends with the signal's reason", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf("events");
    await emit(loaded, 0, 10);
    const abort = new AbortController();
    let seen = 0;
    const loop = async (): Promise<void> => {
      for await (const batch of ring.batches({ signal: abort.signal })) {
        for (const record of batch) {
          seen += record.u64(0) >= 0n ? 1 : 0;
          if (seen === 3) abort.abort(new Error("enough"));
        }
      }
    };
    await assert.rejects(loop(), /enough/);
    assert.equal(ring.drain(() => {}).delivered, 7);
  });
});
