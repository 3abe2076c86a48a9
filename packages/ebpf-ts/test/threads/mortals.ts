import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { guardExit } from "../../src/host/exit-gate.ts";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";
import type { Deed, MortalData } from "./mortal-worker.ts";

knowThreads();
guardExit();

/** How many threads are terminated for each thing that is shared: `npm run test:terminations` takes a thousand. */
const asked = process.env["EBPF_TS_TERMINATIONS"];
export const terminations: number = Number(asked ?? 8);

/**
 * What the threads run. Thousands of them would spend their lives in reading 250 modules each: they read one, which has the same in it,
 * and lies where those lie, so that it finds what they find.
 */
const program: Promise<URL> = asked === undefined ? Promise.resolve(own("mortal-worker.js")) : bundled();

function own(file: string): URL {
  return new URL(`./${file}`, import.meta.url);
}

async function bundled(): Promise<URL> {
  const { build } = await import("esbuild");
  const entry = fileURLToPath(own("mortal-worker.js"));
  const outfile = fileURLToPath(own("mortal-worker-bundle.js"));
  const options = { bundle: true, format: "esm", platform: "node", target: "node20", packages: "external" } as const;
  await build({ ...options, entryPoints: [entry], outfile, logLevel: "error" });
  return own("mortal-worker-bundle.js");
}

/** Threads that live at a time. */
const together = 4;
/** Rounds after which one is terminated, at most. */
const longestLife = 400;

/** Nobody wakes who waits here. */
const nap = new Int32Array(new SharedArrayBuffer(4));

/** A thread that does something over and over, ready to begin. */
export class Mortal {
  readonly #worker: Worker;
  readonly #gate: Int32Array;
  #error: unknown;

  private constructor(worker: Worker, gate: Int32Array) {
    this.#worker = worker;
    this.#gate = gate;
  }

  static async start(deed: Deed): Promise<Mortal> {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const seed = 1 + Math.floor(Math.random() * 2 ** 30);
    const workerData: MortalData = { deed, gate, seed };
    const worker = new Worker(await program, { workerData });
    const [message] = (await once(worker, "message")) as unknown[];
    if (message !== "ready") throw new Error(String(message));
    const mortal = new Mortal(worker, gate);
    worker.on("error", (error) => (mortal.#error = error));
    return mortal;
  }

  go(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  get rounds(): number {
    return Atomics.load(this.#gate, 1);
  }

  /** Lets others run meanwhile, which have the processors to themselves. */
  async until(rounds: number): Promise<void> {
    while (this.rounds < rounds && this.#worker.threadId !== -1) {
      Atomics.wait(nap, 0, 0, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Terminates {@link terminations} threads, each after a random number of rounds, while others go on; calls `check` after each. */
export async function terminateAtRandom(deed: Deed, check: () => void | Promise<void>): Promise<void> {
  for (let done = 0; done < terminations; done += together) {
    const mortals = await Promise.all(Array.from({ length: together }, () => Mortal.start(deed)));
    try {
      for (const mortal of mortals) mortal.go();
      for (const mortal of mortals) {
        await mortal.until(mortal.rounds + Math.floor(Math.random() * longestLife));
        await mortal.terminate();
        await check();
      }
    } finally {
      await Promise.all(mortals.map((mortal) => mortal.terminate()));
    }
  }
}
