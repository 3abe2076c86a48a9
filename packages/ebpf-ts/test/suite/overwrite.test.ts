import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { dispatchToWorkers } from "../../src/workers/index.ts";
import { fixture, onKernel, type Fixture } from "./fixture.ts";

const RB_OVERWRITE = 1 << 19;
const ringSize = 4096n;

function overwrite(spec: CollectionSpec): void {
  spec.maps.find(({ name }) => name === "events")!.flags |= RB_OVERWRITE;
}

const load = (): Promise<Fixture> => fixture("embedded", "ring", overwrite);

function values(ring: RingBuf<unknown>, max?: number): bigint[] {
  const found: bigint[] = [];
  ring.drain((record) => void found.push(record.u64(0)), { max });
  return found;
}

const upTo = (first: bigint, count: number): bigint[] => Array.from({ length: count }, (_, i) => first + BigInt(i));

describe("a ring that overwrites (embedded; the kernel has it from 6.19 on)", () => {
  it("takes every record, and keeps the newest", async () => {
    await using loaded = await load();
    const ring = loaded.bpf.ringBuf("events");
    const { answers } = await loaded.call("burst", { size: 1000 });
    assert.deepEqual(answers.slice(0, 2), [1000n, 0n]);
    assert.equal(ring.available, 255 * 16);
    assert.deepEqual(values(ring), upTo(745n, 255));
    assert.equal(ring.overwritten, 745 * 16);
    assert.equal(ring.lost, 0);
    assert.equal(ring.available, 0);
  });

  it("query: what is available ends at the overwrite position, which is number 4", async () => {
    await using loaded = await load();
    await loaded.call("burst", { size: 300 });
    const query = async (): Promise<bigint[]> => (await loaded.call("query", { flags: 99n }))["answers"] as bigint[];
    assert.deepEqual(await query(), [4080n, ringSize, 0n, 4800n, 720n, 0n]);
    values(loaded.bpf.ringBuf("events"), 10);
    assert.deepEqual(await query(), [3920n, ringSize, 880n, 4800n, 720n, 0n]);
  });

  it("moves on by whole records, as many as it takes", async () => {
    await using loaded = await load();
    const ring = loaded.bpf.ringBuf("events");
    const { memory } = loaded.ring("events");
    // As in the kernel's selftest: half, a quarter, and what is left but for 8 bytes a record.
    await loaded.call("output", { size: 2048, value: 1n });
    await loaded.call("output", { size: 1024, value: 2n });
    await loaded.call("output", { size: 992, value: 3n });
    assert.deepEqual([memory.producer[0], memory.overwrite![0]], [4088n, 0n]);
    await loaded.call("output", { size: 1000, value: 4n });
    assert.deepEqual([memory.producer[0], memory.overwrite![0]], [5096n, 2056n]);
    assert.deepEqual(values(ring), [2n, 3n, 4n]);
    assert.equal(ring.overwritten, 2056);
  });

  it("refuses what is larger than an empty ring takes, and counts that as lost", async () => {
    await using loaded = await load();
    assert.equal((await loaded.call("reserve_4080", { value: 1n })).result, 0n);
    assert.equal((await loaded.call("reserve_4080", { value: 2n })).result, 0n);
    assert.equal((await loaded.call("reserve_4081")).result, 1n);
    assert.equal(loaded.bpf.ringBuf("events").lost, 1);
    assert.deepEqual(values(loaded.bpf.ringBuf("events")), [2n]);
  });

  it("many times around the ring with records of all sizes", async () => {
    await using loaded = await load();
    const ring = loaded.bpf.ringBuf("events");
    const { memory } = loaded.ring("events");
    let [next, read] = [0n, 0];
    for (let turn = 0; turn < 400; turn += 1) {
      const size = 8 + ((turn * 37) % 2000);
      assert.equal((await loaded.call("output", { size, value: BigInt(turn) })).result, 0n);
      if (turn % 7 !== 0) continue;
      ring.drain((record) => {
        assert.ok(record.u64(0) >= next);
        assert.equal(record.length, 8 + ((Number(record.u64(0)) * 37) % 2000));
        next = record.u64(0) + 1n;
        read += Math.ceil((record.length + 8) / 8) * 8;
      });
      assert.equal(next, BigInt(turn + 1));
      assert.equal(BigInt(read + ring.overwritten), memory.producer[0]);
    }
  });

  it("wakes its reader, decodes, and goes on when it was overtaken", async () => {
    await using loaded = await load();
    const ring = loaded.bpf.ringBuf<{ value: bigint }>("events");
    const seen: bigint[] = [];
    setTimeout(() => void loaded.call("burst", { size: 2, value: 5n }), 20);
    for await (const { value } of ring) {
      seen.push(value);
      if (seen.length === 1) await loaded.call("burst", { size: 1000, value: 1000n });
      if (value === 1999n) break;
    }
    assert.equal(seen[0], 5n);
    assert.deepEqual(seen.slice(-255), upTo(1745n, 255));
    assert.equal(BigInt(ring.overwritten + 16 * ring.received), 1002n * 16n);
  });

  it("wakes a reader whose record was overwritten before it asked", async () => {
    await using loaded = await load();
    const noWakeup = 1n;
    await loaded.call("burst", { size: 1000, flags: noWakeup });
    const late = sleep(60_000, "late", { ref: false });
    const rung = new Promise((resolve) => {
      const bell = loaded.ring("events").bell(() => {
        bell.close();
        resolve("rung");
      });
      bell.arm();
    });
    assert.equal(await Promise.race([rung, late]), "rung");
  });

  it("batches", async () => {
    await using loaded = await load();
    await loaded.call("burst", { size: 1000 });
    const seen: bigint[] = [];
    for await (const batch of loaded.bpf.ringBuf("events").batches()) {
      for (const record of batch) seen.push(record.u64(0));
      if (batch.nowEmpty) break;
    }
    assert.deepEqual(seen, upTo(745n, 255));
  });

  it("what is injected overwrites too", async () => {
    await using loaded = await load();
    const ring = loaded.bpf.ringBuf<{ value: bigint }>("events");
    await loaded.call("burst", { size: 255 });
    await ring.injectMany([{ value: 1000n }, { value: 1001n }]);
    const seen = values(ring);
    assert.deepEqual(seen.slice(-3), [254n, 1000n, 1001n]);
    assert.equal(seen.length, 255);
  });

  it("is not for workers, whose records would go while they are at work", async () => {
    await using loaded = await load();
    const handler = new URL("./nothing.js", import.meta.url);
    await assert.rejects(dispatchToWorkers(loaded.bpf.ringBuf("events"), handler), {
      code: "NOT_SUPPORTED",
      message: /overwrites/,
    });
  });

  it("is no kind of user ring", async () => {
    const edit = (spec: CollectionSpec): void => void (spec.maps[0]!.flags |= RB_OVERWRITE);
    await assert.rejects(fixture("embedded", "user-ring", edit), /only a ring that programs write can overwrite/);
  });
});

onKernel("a ring that overwrites", () => {
  it("is refused by a kernel before 6.19, which is named, or works as it does on the embedded engine", async () => {
    let loaded: Fixture;
    try {
      loaded = await fixture("kernel", "ring", overwrite);
    } catch (error) {
      const { feature, minimumVersion, message } = error as {
        feature: string;
        minimumVersion: string;
        message: string;
      };
      assert.deepEqual([feature, minimumVersion], ["BPF_F_RB_OVERWRITE", "6.19"]);
      assert.match(message, /^Cannot create map events: a ring that overwrites .* takes Linux 6\.19$/);
      return;
    }
    await using _ = loaded;
    const { answers } = await loaded.call("burst", { size: 1000 });
    assert.deepEqual(answers.slice(0, 2), [1000n, 0n]);
    const ring = loaded.bpf.ringBuf("events");
    assert.deepEqual(values(ring), upTo(745n, 255));
    assert.equal(ring.overwritten, 745 * 16);
  });

  it("is no kind of user ring", async () => {
    const edit = (spec: CollectionSpec): void => void (spec.maps[0]!.flags |= RB_OVERWRITE);
    await assert.rejects(fixture("kernel", "user-ring", edit), /only a ring that programs write can overwrite/);
  });
});
