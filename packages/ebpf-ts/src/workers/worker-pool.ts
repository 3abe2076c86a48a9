import { Worker } from "node:worker_threads";
import type { EbpfError } from "../errors.ts";
import type { WorkerMessage, WorkerOrder, WorkerSetup } from "./messages.ts";
import { workerDeath } from "./worker-error.ts";

export interface PoolEvents {
  onMessage(message: WorkerMessage, worker: number): void;
  /** It is not replaced unless {@link WorkerPool.replace} is called. */
  onDeath(error: EbpfError, worker: number): void;
}

interface Member {
  readonly thread: Worker;
  ready: boolean;
  told: boolean;
  cause: unknown;
  readonly ended: Promise<void>;
}

/** The threads. A thread that ends without having been told to is a death, whatever its exit code. */
export class WorkerPool {
  readonly #setup: Omit<WorkerSetup, "index">;
  readonly #ringName: string;
  readonly #events: PoolEvents;
  readonly #members: (Member | undefined)[] = [];

  constructor(setup: Omit<WorkerSetup, "index">, events: PoolEvents) {
    this.#setup = setup;
    this.#ringName = setup.ring.name;
    this.#events = events;
  }

  /** Starts worker `index`; settles when it is ready. Throws WORKER when it dies before: it cannot be used at all. */
  start(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
      const thread = new Worker(new URL(`./worker-main.${extension}`, import.meta.url), {
        name: `ebpf-ts worker ${index}`,
        workerData: { ...this.#setup, index } satisfies WorkerSetup,
      });
      let onEnd = (): void => {};
      const ended = new Promise<void>((resolve) => (onEnd = resolve));
      const member: Member = { thread, ready: false, told: false, cause: undefined, ended };
      this.#members[index] = member;
      thread.on("message", (message: WorkerMessage) => {
        if (message.kind === "ready") {
          member.ready = true;
          resolve();
        }
        this.#events.onMessage(message, index);
      });
      thread.on("error", (error) => (member.cause = error));
      thread.on("exit", (code) => {
        if (this.#members[index] === member) this.#members[index] = undefined;
        onEnd();
        if (member.told && member.cause === undefined) return;
        const death = workerDeath(this.#ringName, index, code, member.cause);
        if (member.ready) this.#events.onDeath(death, index);
        else reject(death);
      });
    });
  }

  order(index: number, order: WorkerOrder): void {
    this.#members[index]?.thread.postMessage(order);
  }

  /** Ends all threads, each after the event that it is at. */
  async stop(): Promise<void> {
    const members = this.#living();
    for (const member of members) {
      member.told = true;
      member.thread.postMessage("stop" satisfies WorkerOrder);
    }
    await Promise.all(members.map((member) => member.ended));
  }

  /** Ends all threads, wherever they are. */
  async terminate(): Promise<void> {
    const members = this.#living();
    for (const member of members) {
      member.told = true;
      void member.thread.terminate();
    }
    await Promise.all(members.map((member) => member.ended));
  }

  #living(): Member[] {
    return this.#members.filter((member) => member !== undefined);
  }
}
