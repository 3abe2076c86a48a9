import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";

const ringCount = 100;
const floodBytes = 1 << 20;
/** Records of 16 bytes with their header, so that a flooding ring is three quarters full. */
const floodRecords = 49_152;

/** A hundred rings; those of the first `flooding` are large. */
async function manyRings(engine: "embedded" | "kernel", flooding: number): Promise<Fixture> {
  return fixture(engine, "ring", (spec) => {
    const model = spec.maps.find(({ name }) => name === "others")!;
    for (let i = 0; i < ringCount; i += 1)
      spec.maps.push({ ...model, name: `r${i}`, maxEntries: i < flooding ? floodBytes : 4096 });
  });
}

const rings = ({ bpf }: Fixture): RingBuf<unknown>[] =>
  Array.from({ length: ringCount }, (_, i) => bpf.ringBuf<unknown>(`r${i}`));

function fill(ring: RingBuf<unknown>, count: number): Promise<number> {
  return ring.injectFill(count, 8, (view, offset, index) => view.setUint32(offset, index, true));
}

onEachEngine("a hundred rings in one process", (engine) => {
  it("each record comes to the loop of its own ring, however many wait beside it", async () => {
    await using loaded = await manyRings(engine, 0);
    const all = rings(loaded);
    const seen: number[] = [];
    const ended = all.map(async (ring, index) => {
      for await (const _ of ring) seen.push(index);
    });
    const order = [3, 99, 0, 50, 3, 98];
    for (const index of order) {
      const before = seen.length;
      await fill(all[index]!, 1);
      while (seen.length === before) await turn();
    }
    assert.deepEqual(seen, order);
    for (const ring of all) ring.close();
    await Promise.all(ended);
  });

  it("those that flood take turns by record or by batch, and neither timers nor a quiet ring wait for their end", async () => {
    const flooding = 3;
    await using loaded = await manyRings(engine, flooding);
    const all = rings(loaded);
    for (const ring of all.slice(0, flooding)) assert.equal(await fill(ring, floodRecords), floodRecords);
    await fill(all[60]!, 1);
    const counts = Array<number>(flooding).fill(0);
    let leastAtFirstEnd: number | undefined;
    let quietAt: number | undefined;
    let timerAt: number | undefined;
    const total = (): number => counts.reduce((sum, count) => sum + count, 0);
    setTimeout(() => (timerAt = total()), 1);
    const loops = all.map(async (ring, index) => {
      const until = { until: Promise.resolve() };
      if (index === 1) {
        for await (const batch of ring.batches(until)) for (const _ of batch) counts[1]! += 1;
      } else {
        for await (const _ of ring.events(until))
          if (index < flooding) counts[index]! += 1;
          else quietAt ??= total();
      }
      if (index < flooding && index !== 1) leastAtFirstEnd ??= Math.min(counts[0]!, counts[2]!);
    });
    await Promise.all(loops);
    assert.deepEqual(counts, Array(flooding).fill(floodRecords));
    // Each has the thread for 10 ms at most, which another program on the processor may take from one of them.
    assert.ok(leastAtFirstEnd! > 0.25 * floodRecords, `${leastAtFirstEnd} of ${floodRecords}`);
    assert.ok(quietAt! < total(), "the quiet ring came last");
    assert.ok(timerAt! < total(), "the timer came last");
  });

  it("one is closed amid the others, by its own loop and by another's, and they go on", async () => {
    await using loaded = await manyRings(engine, 2);
    const all = rings(loaded);
    const [first, second] = all as [RingBuf<unknown>, RingBuf<unknown>];
    for (const ring of [first, second]) await fill(ring, floodRecords);
    const counts = all.map(() => 0);
    const loops = all.map(async (ring, index) => {
      for await (const _ of ring) {
        counts[index]! += 1;
        if (index === 0 && counts[0] === 1000) {
          first.close();
          for (let other = 10; other < 20; other += 1) all[other]!.close();
        }
      }
    });
    await loops[0];
    await Promise.all(loops.slice(10, 20));
    assert.equal(counts[0], 1000);
    for (const index of [30, 99]) await fill(all[index]!, 5);
    while (counts[1]! < floodRecords || counts[30]! < 5 || counts[99]! < 5) await turn();
    assert.deepEqual([counts[1], counts[15], counts[30], counts[99]], [floodRecords, 0, 5, 5]);
    await loaded.bpf.close();
    await Promise.all(loops);
  });
});
