import assert from "node:assert/strict";
import { it } from "node:test";
import { openRingBuf } from "../../src/workers/open-ring-buf.ts";
import { openUserRing } from "../../src/workers/open-user-ring.ts";
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
    await assert.rejects(openUserRing(ring as never), /openRingBuf\(\)/);
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
