/**
 * Does something with ever more descriptors left, from none on, until it goes well. Each failure must be TOO_MANY_FILES, and
 * leave nothing open. Started by shortage.test.ts.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { isMainThread, Worker } from "node:worker_threads";
import type { EngineMap } from "../../src/engine/map.ts";
import { openKernelRing, type KernelRingHandle } from "../../src/engine/kernel/ring/open-kernel-ring.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { load } from "../../src/load.ts";
import { openById } from "../../src/open.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { dispatchToWorkers } from "../../src/workers/index.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";
import { descriptorsInUse, Hoard } from "../support/descriptor-shortage.ts";
import { fixturePath } from "../support/fixtures.ts";
import { loadFixture, readSpec, u64, until } from "./kernel-fixture.ts";

/** What is to be tried; it closes what it has opened. */
type Attempt = () => Promise<void>;

const hoard = new Hoard();
const most = 60;

async function loaded(name: string): Promise<Attempt> {
  const spec = readSpec(name);
  return async () => {
    const bpf = await load(spec, { engine: "kernel" });
    await bpf.close();
  };
}

async function mapOf(name: string, map: string): Promise<EngineMap> {
  const collection = await loadFixture(name);
  return collection.maps.get(map)!;
}

const attempts: Readonly<Record<string, () => Promise<Attempt>>> = {
  load: () => loaded("kernel-ring"),
  "load a file with any engine": async () => async () => {
    const bpf = await load(fixturePath("kernel-ring.bpf.o"));
    assert.equal(bpf.engine, "kernel");
    await bpf.close();
  },
  "load many": () => loaded("core-kernel"),
  "load with the kernel's types": () => loaded("kernel-attach"),
  bell: async () => {
    const events = await mapOf("kernel-ring", "events");
    return async () => {
      const bell = events.ring!().bell(() => {});
      bell.arm();
      bell.close();
    };
  },
  "perf rings": async () => {
    const events = await mapOf("perf", "events");
    return async () => events.perf!({ pages: 1, watermark: undefined, overwritable: false }).close();
  },
  "perf bell": async () => {
    const perf = (await mapOf("perf", "events")).perf!({ pages: 1, watermark: undefined, overwritable: false });
    return async () => perf.bell(() => {}).close();
  },
  injector: async () => {
    const ring = (await mapOf("kernel-ring", "events")).ring!();
    return async () => void (await ring.injector!(64));
  },
  "open by id": async () => {
    const { id } = (await mapOf("kernel-ring", "events")).info;
    return async () => (await openById(id)).close();
  },
  "open shared": async () => {
    const handle = (await mapOf("kernel-ring", "events")).ring!().share!() as KernelRingHandle;
    return async () => openKernelRing(handle).close();
  },
  workers: async () => {
    const bpf = await load(readSpec("workers"), { engine: "kernel" });
    const module = new URL("../workers/handlers/test-handler.js", import.meta.url);
    const until = Promise.resolve();
    return async () => void (await dispatchToWorkers(bpf.ringBuf("events"), module, { workers: 1, until }));
  },
  attach: async () => {
    const collection = await loadFixture("kernel-attach");
    const programs = [...collection.programs.values()].filter(({ info }) => info.type !== ProgType.TRACEPOINT);
    return async () => {
      for (const program of programs) await (await program.attach()).close();
    };
  },
  spawn: async () => {
    const collection = await loadFixture("kernel-ring");
    return async () => void (await (await collection.spawn("true", [], { stdin: "pipe" })).exited);
  },
};

/**
 * Descriptors may stay open a little, also those of the attempt before: threads end when they end, and Node closes the pipes of a child when
 * it has noticed its end.
 */
async function sameAs(open: readonly string[], used: number): Promise<void> {
  await until(() => openDescriptors().length <= open.length, "what was opened is closed");
  await until(() => descriptorsInUse().length <= used, "every descriptor is closed");
}

async function attemptWith(left: number, attempt: Attempt): Promise<"went well" | "failed"> {
  const [open, used] = [openDescriptors(), descriptorsInUse().length];
  let outcome: "went well" | "failed" = "went well";
  hoard.leave(left);
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof EbpfError) || error.code !== "TOO_MANY_FILES") throw error;
    assert.match(error.message, /^Cannot .*: this process has too many open files \(EMFILE\)$/);
    outcome = "failed";
  } finally {
    hoard.release();
  }
  if (outcome === "failed") await sameAs(open, used);
  return outcome;
}

async function main(name: string): Promise<void> {
  const attempt = await attempts[name]!();
  // The first time modules are read, which takes many (they are read side by side), and is refused without them.
  assert.equal(await attemptWith(0, attempt), "failed");
  await attempt();
  let left = 0;
  while ((await attemptWith(left, attempt)) === "failed") assert.ok(++left < most, `${left} were not enough`);
  assert.ok(left > 0, "it takes descriptors");
  await attempt();
  console.log(`${name} takes ${left}`);
}

/** A ring is read on while there is no descriptor for a thread that sleeps for it: in a thread, since the main one sleeps itself. */
async function readWithoutThread(): Promise<void> {
  const spec = await loadFixture("kernel-ring");
  const ring = spec.maps.get("events")!.ring!();
  let rings = 0;
  hoard.leave(3); // an epoll, an eventfd, a number of its own for the ring
  const bell = ring.bell(() => (rings += 1));
  for (let turn = 1; turn <= 3; turn += 1) {
    bell.arm();
    await spec.programs.get("emit")!.run({ context: u64(7n, 0n) });
    await until(() => rings === turn, "the bell rings without a thread");
    ring.memory.consumer[0] = ring.memory.producer[0]!;
  }
  let waits = false;
  process.once("worker", (thread) => thread.once("message", () => (waits = true)));
  hoard.release();
  bell.arm();
  await until(() => waits, "a thread waits, now that there are descriptors");
  await spec.programs.get("emit")!.run({ context: u64(7n, 0n) });
  await until(() => rings === 4, "the bell rings by the thread");
  bell.close();
  await spec.close();
  await until(() => openDescriptors().length === 0, "everything is closed");
  console.log("read without a thread");
}

const [name = ""] = process.argv.slice(2);
if (name !== "read without a thread") {
  await main(name);
  process.exit(0);
} else if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: [name] });
  const [code] = (await once(worker, "exit")) as [number];
  process.exit(code);
} else {
  await readWithoutThread();
}
