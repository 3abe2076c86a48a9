/** What runs in the browser: each case gives what it saw, and all of it is sent to whoever serves the page. */
import { FunctionCalls, load, type Collection } from "ebpf-ts/embedded";
import type { CaseResult, PageReport } from "./report.ts";
import { messageOf, PageWorker, type WorkerRequest } from "./page-worker.ts";

const objects = {
  /** Drains what user space sends, and says a record for each sample. */
  both: "/objects/both.bpf.o",
  /** Counts in arrays that are mapped. */
  memory: "/objects/memory.bpf.o",
  /** Probes of a function of the page. */
  calls: "/objects/calls.bpf.o",
};

async function bytesOf(object: keyof typeof objects): Promise<Uint8Array> {
  const response = await fetch(objects[object]);
  return new Uint8Array(await response.arrayBuffer());
}

async function open(object: keyof typeof objects): Promise<Collection> {
  return load(await bytesOf(object), { variables: object === "both" ? { only_tgid: 0 } : {} });
}

interface Event {
  readonly pid: number;
  readonly comm: string;
}

const cases: Readonly<Record<string, () => Promise<unknown>>> = {
  async host() {
    const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
    return { crossOriginIsolated, constructor: typeof SharedArrayBuffer, node: typeof process };
  },

  async "load from bytes"() {
    await using bpf = await open("both");
    return { engine: bpf.engine, maps: bpf.spec.maps.map(({ name }) => name), programs: [...bpf.programs.keys()] };
  },

  /** Both directions, the loop asleep before each answer. */
  async "send, drain, answer"() {
    await using bpf = await open("both");
    const ring = bpf.userRingBuf<{ i: number; comm: string }>("user_ringbuf");
    const answers: Event[] = [];
    const reading = (async () => {
      for await (const event of bpf.ringBuf<Event>("kernel_ringbuf")) {
        answers.push(event);
        if (answers.length === 3) return;
      }
    })();
    for (let i = 0; i < 3; i += 1) {
      ring.send({ i, comm: "page" });
      await bpf.program("drain_samples").run();
      while (answers.length === i) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await reading;
    return { answers, read: Number(bpf.variable<bigint>("read").get()), left: ring.occupied };
  },

  async "a flood of events"() {
    await using bpf = await open("both");
    const samples = bpf.userRingBuf("user_ringbuf");
    const count = 2000;
    for (let i = 0; i < count; i += 1) samples.send({ i, comm: "flood" });
    const { returnValue } = await bpf.program("drain_samples").run();
    let read = 0;
    for await (const batch of bpf.ringBuf("kernel_ringbuf").batches()) {
      for (const _ of batch) read += 1;
      if (read === count) break;
    }
    return { returnValue, read };
  },

  async "wait for room"() {
    await using bpf = await open("both");
    const ring = bpf.userRingBuf("user_ringbuf");
    const bytes = new Uint8Array(1000);
    while (ring.trySend(bytes));
    const full = ring.free;
    const waiting = ring.reserveWhenFree(1000);
    await bpf.program("drain_samples").run();
    (await waiting).discard();
    return { hadRoom: full > 1000, hasRoom: ring.free > 1000 };
  },

  async "mapped array"() {
    await using bpf = await open("memory");
    const counters = bpf.map<number, bigint>("counters").memory();
    const context = new Uint8Array(16);
    const view = new DataView(context.buffer);
    view.setUint32(0, 3, true);
    view.setBigUint64(8, 40n, true);
    await bpf.program("touch").run({ context });
    const seen = counters.get(3);
    counters.add(3, 2);
    return {
      seen: Number(seen),
      after: Number(bpf.map<number, bigint>("counters").get(3)),
      total: Number(bpf.variable<bigint>("total").get()),
    };
  },

  /** A function of the page, probed where it begins and where it returns. */
  async "calls of a function"() {
    const app = new FunctionCalls("app", { greet: (name: string, times: number) => name.length * times });
    await using bpf = await load(await bytesOf("calls"), { sources: [app] });
    await bpf.attach();
    const given = app.functions.greet("page", 3);
    const seen: unknown[] = [];
    for await (const call of bpf.ringBuf<{ returns: number; value: bigint; text: Uint8Array }>("calls")) {
      const text = new TextDecoder().decode(call.text).replace(/\0+$/, "");
      seen.push([call.returns, Number(call.value), text]);
      if (seen.length === 2) break;
    }
    return { given, seen };
  },

  /** A worker of the page writes one ring, and blocks on the other. */
  async "rings in a worker"() {
    await using bpf = await open("both");
    const handles: WorkerRequest = {
      events: bpf.ringBuf<Event>("kernel_ringbuf").share(),
      samples: bpf.userRingBuf<{ i: number; comm: string }>("user_ringbuf").share(),
    };
    const worker = new PageWorker("/worker.js", { type: "module" });
    worker.postMessage(handles);
    try {
      const sent = await messageOf(worker);
      const received = messageOf(worker);
      await bpf.program("drain_samples").run();
      return { sent, received: await received };
    } finally {
      worker.terminate();
    }
  },

  async block() {
    await using bpf = await open("both");
    return bpf.ringBuf("kernel_ringbuf").waitSync(10);
  },

  async "attach to what there is not"() {
    await using bpf = await open("both");
    await bpf.attach();
    return "attached";
  },

  async "start a command"() {
    await using bpf = await open("both");
    await bpf.spawn("true");
    return "started";
  },
};

async function run(one: () => Promise<unknown>): Promise<CaseResult> {
  try {
    return { value: await one() };
  } catch (error) {
    const { name, message, code, feature } = error as Error & { code?: string; feature?: string };
    return { error: { name, message, code, feature } };
  }
}

const report: Record<string, CaseResult> = {};
for (const [name, one] of Object.entries(cases)) report[name] = await run(one);
await fetch("/report", { method: "POST", body: JSON.stringify(report satisfies PageReport) });
