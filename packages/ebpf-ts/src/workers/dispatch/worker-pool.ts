import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type EbpfError, tooManyFiles } from "../../base/errors.ts";
import { type GatedThread, startGated } from "../../sys/ffi/exit-gate.ts";
import { threadDescriptors, tryDescriptors } from "../../host/descriptors.ts";
import type { WorkerMessage, WorkerOrder, WorkerSetup, WorkerStart } from "./messages.ts";
import { clearAway, RemainsClaim, type RingRemains } from "../open/ring-remains.ts";
import { workerDeath } from "./worker-error.ts";

export interface PoolEvents {
  onMessage(message: WorkerMessage, worker: number): void;
  /** It is not replaced unless {@link WorkerPool.replace} is called. */
  onDeath(error: EbpfError, worker: number): void;
}

/** Milliseconds. A thread that runs JavaScript ends within a few. */
const longestTermination = 2000;

interface Member {
  readonly thread: GatedThread<Worker>;
  readonly claim: RemainsClaim;
  remains: RingRemains | undefined;
  ready: boolean;
  /** To end. */
  told: boolean;
  cause: unknown;
  ended: Promise<void>;
}

/** The threads. A thread that ends without having been told to is a death, whatever its exit code. */
export class WorkerPool {
  readonly #setup: WorkerSetup;
  readonly #ringName: string;
  readonly #events: PoolEvents;
  readonly #members: (Member | undefined)[] = [];

  constructor(setup: WorkerSetup, events: PoolEvents) {
    this.#setup = setup;
    this.#ringName = setup.ring.name;
    this.#events = events;
  }

  /** Starts worker `index`; settles when it is ready. Throws WORKER when it dies before: it cannot be used at all. */
  start(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const member = this.#startMember(index);
      this.#members[index] = member;
      const { thread } = member.thread;
      thread.on("message", (message: WorkerMessage) => {
        if (message.kind === "opened") member.remains = message.remains;
        if (message.kind === "ready") {
          member.ready = true;
          resolve();
        }
        this.#events.onMessage(message, index);
      });
      thread.on("error", (error) => (member.cause = error));
      member.ended = new Promise((onEnded) => {
        thread.on("exit", (code) => {
          if (this.#members[index] === member) this.#members[index] = undefined;
          void this.#clearAway(member).then(onEnded, onEnded);
          if (member.told && member.cause === undefined) return;
          const death = workerDeath(this.#ringName, index, code, member.cause);
          if (member.ready) this.#events.onDeath(death, index);
          else reject(death);
        });
      });
    });
  }

  order(index: number, order: WorkerOrder): void {
    this.#members[index]?.thread.thread.postMessage(order);
  }

  /** Ends all threads, each after the event that it is at. */
  async stop(): Promise<void> {
    const members = this.#living();
    for (const member of members) {
      member.told = true;
      member.thread.thread.postMessage("stop" satisfies WorkerOrder);
    }
    await Promise.all(members.map((member) => member.ended));
  }

  /** Ends all threads, wherever they are. One that is stuck in a call of the system is left behind: it ends when that returns. */
  async terminate(): Promise<void> {
    const members = this.#living();
    for (const { thread } of members) thread.close();
    const ended = members.map((member) => {
      member.told = true;
      void member.thread.thread.terminate();
      return member.ended;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, longestTermination)));
    await Promise.race([Promise.all(ended), late]);
    clearTimeout(timer);
    for (const { thread } of this.#living()) thread.thread.unref();
  }

  #startMember(index: number): Member {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const claim = new RemainsClaim();
    const thread = this.#startThread(
      () =>
        new Worker(new URL(`./worker-main.${extension}`, import.meta.url), {
          name: `ebpf-ts worker ${index}`,
          workerData: { ...this.#setup, index, claim: claim.buffer } satisfies WorkerStart,
        }),
    );
    return {
      thread,
      claim,
      remains: undefined,
      ready: false,
      told: false,
      cause: undefined,
      ended: Promise.resolve(),
    };
  }

  #startThread(start: () => Worker): GatedThread<Worker> {
    try {
      tryDescriptors({ openSync, closeSync }, threadDescriptors);
      return startGated(start);
    } catch (cause) {
      throw tooManyFiles(cause, `start a worker of ring ${this.#ringName}`) ?? cause;
    }
  }

  async #clearAway({ remains, claim }: Member): Promise<void> {
    if (remains !== undefined) await clearAway(remains, claim, this.#ringName);
  }

  #living(): Member[] {
    return this.#members.filter((member) => member !== undefined);
  }
}
