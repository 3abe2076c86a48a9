import assert from "node:assert/strict";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { type Collection, type EventsOptions, load } from "../../src/index.ts";
import { onlineCpus } from "../../src/engine/kernel/cpus.ts";
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
  /** Empty for a ring that all CPUs share. */
  readonly cpus: readonly number[];
}

/**
 * Another thread, which has the same program: it writes up to 400 records, pauses, and waits for them to be read, so that whatever it
 * writes next may find a loop that is about to sleep, sleeps, naps, or has just been woken.
 */
const producer = `
import { workerData } from "node:worker_threads";
const { path, index, pauses, counts, hangingMs, cpus } = workerData;
const { openPinnedProgram } = await import(index);
const program = await openPinnedProgram(path);
const [made, read] = [0, 1];
const shared = new Int32Array(counts);
const spin = (microseconds) => { const end = performance.now() + microseconds / 1000; while (performance.now() < end); };
const emit = (count) => {
  if (cpus.length === 0) return program.run({ context: new Uint8Array(Uint32Array.of(count, 0).buffer) });
  const context = new Uint8Array(BigUint64Array.of(BigInt(shared[made]), BigInt(count)).buffer);
  return program.run({ context, cpu: cpus[Math.floor(cpus.length * Math.random())] });
};
for (let round = 0; round < pauses; round += 1) {
  const count = Math.random() < 0.9 ? 1 + Math.floor(3 * Math.random()) : Math.floor(400 * Math.random());
  await emit(count);
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

/** Reads all there is, and gives how many it has read each time that it has read some. */
type Read = (bpf: Collection, until: Promise<unknown>) => AsyncIterable<number>;

const readRing = (options: EventsOptions): Read =>
  async function* (bpf, until) {
    let next = 0;
    for await (const batch of bpf.ringBuf("events").batches({ ...options, until })) {
      for (const record of batch) assert.equal(record.u32(4), next++);
      yield next;
    }
  };

interface Event {
  readonly number: bigint;
}

/** Each CPU's in their order. */
class Order {
  read = 0;
  readonly #last = new Map<number, bigint>();

  take(cpu: number, number: bigint): void {
    assert.ok(number > (this.#last.get(cpu) ?? -1n));
    this.#last.set(cpu, number);
    this.read += 1;
  }
}

const readPerfEvents = (options: EventsOptions): Read =>
  async function* (bpf, until) {
    const order = new Order();
    for await (const { cpu, event } of bpf.perfEventArray<Event>("events").events({ ...options, until })) {
      order.take(cpu, event.number);
      yield order.read;
    }
  };

const readPerfBatches = (options: EventsOptions): Read =>
  async function* (bpf, until) {
    const order = new Order();
    for await (const batch of bpf.perfEventArray<Event>("events").batches({ ...options, until })) {
      for (const { number } of batch.events()) order.take(batch.cpu, number);
      yield order.read;
    }
  };

const bounded: EventsOptions = { wakeup: { maxLatencyMs: 2 } };
const ways: readonly { title: string; object: string; read: Read; perCpu: boolean }[] = [
  {
    title: "of a ring, woken, and napping while much comes",
    object: "inject-order",
    read: readRing({}),
    perCpu: false,
  },
  { title: "of a ring, with a bound on the latency", object: "inject-order", read: readRing(bounded), perCpu: false },
  { title: "of the perf events of all CPUs, one by one", object: "perf", read: readPerfEvents({}), perCpu: true },
  { title: "of the perf events of all CPUs, in batches", object: "perf", read: readPerfBatches({}), perCpu: true },
  { title: "of perf events, with a bound on the latency", object: "perf", read: readPerfEvents(bounded), perCpu: true },
];

onKernel("a loop loses no wake-up", () => {
  for (const { title, object, read, perCpu } of ways) {
    it(`${title}: ${pauses} pauses at random`, { timeout: 60_000 + 20 * pauses }, async () => {
      const folder = mountBpffs();
      try {
        await using bpf = await load(fixturePath(`${object}.bpf.o`), { engine: "kernel" });
        const path = `${folder.path}/emit`;
        bpf.program("emit").pin(path);
        const counts = new SharedArrayBuffer(8);
        const shared = new Int32Array(counts);
        const index = new URL("../../src/index.js", import.meta.url).href;
        const cpus = perCpu ? onlineCpus() : [];
        const workerData: Told = { path, index, pauses, counts, hangingMs, cpus };
        // The rings of perf events are made as they are asked for, and what comes before that is lost.
        if (perCpu) bpf.perfEventArray("events");
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(producer)}`), { workerData });
        const ended = once(worker, "exit");
        let all = 0;
        for await (const count of read(bpf, ended)) {
          all = count;
          Atomics.store(shared, 1, count);
          Atomics.notify(shared, 1);
        }
        assert.deepEqual(await ended, [0]);
        assert.equal(all, shared[0]);
      } finally {
        folder.unmount();
      }
    });
  }
});
