import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { threadDescriptors, tryDescriptors } from "../../../host/descriptors.ts";
import type { PollerThreadData } from "./poller-worker.ts";

export interface PollerThreadOptions {
  readonly data: PollerThreadData;
  /** Makes the thread return from its wait, and end. */
  readonly wake: () => void;
  readonly onToken: (token: number) => void;
  /** It has ended, or was never started. Never called before the constructor is through. */
  readonly onEnd: () => void;
}

/**
 * A thread that blocks in a system call cannot be terminated: at the end of the process it is woken instead. One listener for all,
 * since pollers come and go with the loops, and there may be many whose thread has not ended yet.
 */
const wakes = new Set<() => void>();
const wakeAll = (): void => {
  for (const wake of wakes) wake();
};

/** The thread that sleeps for a poller (poller-worker.ts), as the main thread sees it. */
export class PollerThread {
  readonly #worker: Worker;

  /** Throws where there are too few descriptors, or no current folder; whatever else is missing (memory) is an end of the thread. */
  constructor({ data, wake, onToken, onEnd }: PollerThreadOptions) {
    tryDescriptors({ openSync, closeSync }, threadDescriptors);
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./poller-worker.${extension}`, import.meta.url), {
      name: "ebpf-ts poller",
      workerData: data,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    if (wakes.size === 0) process.on("exit", wakeAll);
    wakes.add(wake);
    this.#worker.on("message", onToken);
    // The end follows, and the poller does without the thread then.
    this.#worker.on("error", () => {});
    this.#worker.on("exit", () => {
      wakes.delete(wake);
      if (wakes.size === 0) process.off("exit", wakeAll);
      onEnd();
    });
    this.#worker.unref();
  }

  /** Whether it keeps the process alive. */
  hold(wanted: boolean): void {
    if (wanted) this.#worker.ref();
    else this.#worker.unref();
  }
}
