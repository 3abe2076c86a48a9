import assert from "node:assert/strict";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { load } from "../../src/index.ts";
import type { EventsOptions } from "../../src/index.ts";
import { onKernel } from "../suite/fixture.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";

/** Bursts, each with a pause before it and behind it; a million by name: EBPF_TS_PAUSES. */
const pauses = Number(process.env["EBPF_TS_PAUSES"] ?? 3000);
/** When nothing comes for so long, nothing comes at all: milliseconds. */
const hangingMs = 60_000;

interface Told {
  readonly path: string;
  readonly index: string;
  readonly pauses: number;
  readonly counts: SharedArrayBuffer;
  readonly hangingMs: number;
}

/**
 * Another thread, which has the same program: it writes up to 400 records, pauses, and waits for them to be read, so that whatever it
 * writes next may find a loop that is about to sleep, sleeps, naps, or has just been woken.
 */
const producer = `
import { workerData } from "node:worker_threads";
const { path, index, pauses, counts, hangingMs } = workerData;
const { openPinnedProgram } = await import(index);
const program = await openPinnedProgram(path);
const [made, read] = [0, 1];
const shared = new Int32Array(counts);
const spin = (microseconds) => { const end = performance.now() + microseconds / 1000; while (performance.now() < end); };
for (let round = 0; round < pauses; round += 1) {
  const count = Math.random() < 0.9 ? 1 + Math.floor(3 * Math.random()) : Math.floor(400 * Math.random());
  await program.run({ context: new Uint8Array(Uint32Array.of(count, 0).buffer) });
  Atomics.add(shared, made, count);
  spin(Math.random() < 0.5 ? 0 : 60 * Math.random());
  if (round % 4 === 0) continue;
  const end = performance.now() + hangingMs;
  for (let seen = Atomics.load(shared, read); seen < shared[made]; seen = Atomics.load(shared, read)) {
    Atomics.wait(shared, read, seen, 1000);
    if (performance.now() > end) throw new Error("After " + round + " pauses " + seen + " of " + shared[made] + " records were read");
  }
  spin(Math.random() < 0.5 ? 0 : 60 * Math.random());
}
await program.close();
`;

const ways: Readonly<Record<string, EventsOptions>> = {
  "woken, and napping while much comes": {},
  "with a bound on the latency": { wakeup: { maxLatencyMs: 2 } },
};

onKernel("a loop loses no wake-up", () => {
  for (const [title, options] of Object.entries(ways)) {
    it(`${title}: ${pauses} pauses at random`, { timeout: 60_000 + 20 * pauses }, async () => {
      const folder = mountBpffs();
      try {
        await using bpf = await load(fixturePath("inject-order.bpf.o"), { engine: "kernel" });
        const path = `${folder.path}/emit`;
        bpf.program("emit").pin(path);
        const counts = new SharedArrayBuffer(8);
        const shared = new Int32Array(counts);
        const index = new URL("../../src/index.js", import.meta.url).href;
        const workerData: Told = { path, index, pauses, counts, hangingMs };
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(producer)}`), { workerData });
        const ended = once(worker, "exit");
        const ring = bpf.ringBuf("events");
        let next = 0;
        for await (const batch of ring.batches({ ...options, until: ended })) {
          for (const record of batch) assert.equal(record.u32(4), next++);
          Atomics.store(shared, 1, next);
          Atomics.notify(shared, 1);
        }
        assert.deepEqual(await ended, [0]);
        assert.equal(next, shared[0]);
      } finally {
        folder.unmount();
      }
    });
  }
});
