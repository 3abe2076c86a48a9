import type { EbpfError } from "../../base/errors.ts";
import { startThread, type Thread } from "../../host/threads/threads.ts";
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
  readonly thread: Thread<WorkerOrder>;
  readonly claim: RemainsClaim;
  remains: RingRemains | undefined;
  ready: boolean;
  /** To end. */
  told: boolean;
  cause: unknown;
  readonly ended: Promise<void>;
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
    return new Promise((onReady, onFailure) => {
      const claim = new RemainsClaim();
      let onEnded = (): void => {};
      const ended = new Promise<void>((resolve) => (onEnded = resolve));
      const thread = startThread<WorkerMessage, WorkerOrder>({
        script: new URL("./ebpf-dispatch-worker.js", import.meta.url),
        name: `ebpf-ts worker ${index}`,
        work: "modules",
        data: { ...this.#setup, index, claim: claim.buffer } satisfies WorkerStart,
        action: `start a worker of ring ${this.#ringName}`,
        code: "WORKER",
        onReport: (message) => {
          if (message.kind === "opened") member.remains = message.remains;
          if (message.kind === "ready") {
            member.ready = true;
            onReady();
          }
          this.#events.onMessage(message, index);
        },
        onError: (cause) => (member.cause = cause),
        onEnd: (exitCode) => {
          if (this.#members[index] === member) this.#members[index] = undefined;
          void this.#clearAway(member).then(onEnded, onEnded);
          if (member.told && member.cause === undefined) return;
          const death = workerDeath(this.#ringName, index, exitCode, member.cause);
          if (member.ready) this.#events.onDeath(death, index);
          else onFailure(death);
        },
      });
      const member: Member = { thread, claim, ended, remains: undefined, ready: false, told: false, cause: undefined };
      this.#members[index] = member;
    });
  }

  order(index: number, order: WorkerOrder): void {
    this.#members[index]?.thread.tell(order);
  }

  /** Ends all threads, each after the event that it is at. */
  async stop(): Promise<void> {
    const members = this.#living();
    for (const member of members) {
      member.told = true;
      member.thread.tell("stop");
    }
    await Promise.all(members.map((member) => member.ended));
  }

  /** Ends all threads, wherever they are. One that is stuck in a call of the system is left behind: it ends when that returns. */
  async terminate(): Promise<void> {
    const members = this.#living();
    const ended = members.map((member) => {
      member.told = true;
      member.thread.terminate();
      return member.ended;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, longestTermination)));
    await Promise.race([Promise.all(ended), late]);
    clearTimeout(timer);
    for (const { thread } of this.#living()) thread.hold(false);
  }

  async #clearAway({ remains, claim }: Member): Promise<void> {
    if (remains !== undefined) await clearAway(remains, claim, this.#ringName);
  }

  #living(): Member[] {
    return this.#members.filter((member) => member !== undefined);
  }
}
