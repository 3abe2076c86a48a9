import { EbpfError } from "../../base/errors.ts";
import type { RingLoan } from "../../map/ring-loan.ts";
import { ringBusy, ringEmpty } from "../../ring/reading.ts";
import { Backoff } from "../../stream/backoff.ts";
import { LazyBell } from "../../stream/lazy-bell.ts";
import { yieldTurn } from "../../base/yield-turn.ts";
import { Grace } from "./grace.ts";
import { JobStatus } from "./job-table.ts";
import type { WorkerMessage, WorkerSetup } from "./messages.ts";
import { RecordFeed } from "./record-feed.ts";
import type { RecordBytes } from "./record-key.ts";
import { type ErrorReport, restoreError } from "./worker-error.ts";
import type { WorkerDispatchOptions, WorkerDispatchResult } from "./worker-options.ts";
import { WorkerPool } from "./worker-pool.ts";
import { WorkerReports } from "./worker-reports.ts";

export interface WorkerDispatchParts<T> {
  readonly name: string;
  readonly loan: RingLoan<T>;
  readonly key: RecordBytes | undefined;
  /** Records under way at most; not more than the table has slots. */
  readonly queue: number;
  readonly graceMs: number;
  readonly setup: WorkerSetup;
  readonly options: WorkerDispatchOptions<T>;
}

/**
 * Deaths in a row, without one event finished in between, after which it gives up: fewer than it takes for each worker to die twice, whereby
 * an event counts as failed, are no sign that nothing goes on.
 */
const barrenDeaths = (workers: number): number => Math.max(5, 2 * workers + 1);

/**
 * The thread that reads the ring: it feeds the workers, and sleeps while there is nothing to do: with all finished, on the ring's
 * bell, which knows the consumer's position; else until a worker tells of progress, looking for new records in between.
 */
export class WorkerDispatch<T> {
  readonly #parts: WorkerDispatchParts<T>;
  readonly #feed: RecordFeed;
  readonly #pool: WorkerPool;
  readonly #reports: WorkerReports<T>;
  readonly #bell: LazyBell;
  readonly #nap: Backoff = new Backoff();
  readonly #grace: Grace;
  /** What stops it, to be thrown at the end. */
  readonly #errors: unknown[] = [];
  #deaths = 0;
  #barren = 0;
  /** Events that were finished at the last death, also behind others that are not. */
  #finished = 0;
  /** It goes on no more, whatever is under way. */
  #fatal = false;
  #started = false;
  #stopping = false;
  #due = false;
  /** All that was begun is finished. */
  readonly #done = new Signal();
  readonly #gaveUp = new Signal();

  constructor(parts: WorkerDispatchParts<T>) {
    const { loan, name, setup, key, queue, options, graceMs } = parts;
    this.#parts = parts;
    this.#pool = new WorkerPool(setup, {
      onMessage: (message, worker) => this.#onMessage(message, worker),
      onDeath: (error, worker) => this.#onDeath(error, worker),
    });
    const wake = (worker: number): void => this.#pool.order(worker, "work");
    this.#feed = new RecordFeed({ name, memory: loan.ring.memory, table: setup.table, key, queue, wake });
    this.#reports = new WorkerReports(options, (error) => this.#failWith(error));
    this.#bell = new LazyBell((onRing) => loan.ring.bell(onRing));
    this.#grace = new Grace(graceMs, () => this.#onGraceOver());
  }

  async run(): Promise<WorkerDispatchResult> {
    const { signal, until } = this.#parts.options;
    const onAbort = (): void => this.end();
    try {
      until?.then(this.#onUntil, this.#onUntil);
      if (signal?.aborted) this.end();
      else signal?.addEventListener("abort", onAbort);
      await Promise.race([this.#start(), this.#gaveUp.promise]);
      this.#started = true;
      if (this.#feed.bounded) this.#grace.begin();
      this.#turn();
      await this.#done.promise;
      this.#stopping = true;
      if (!this.#fatal) await Promise.race([this.#stop(), this.#gaveUp.promise]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#feed.end();
      this.#grace.stop();
      this.#nap.stop();
      this.#bell.close();
      await this.#pool.terminate();
    }
    if (this.#errors.length > 0) throw this.#failure();
    const { handled, failed } = this.#feed;
    return { handled, failed, deaths: this.#deaths };
  }

  /** Takes no more records, and takes back those that no worker has begun. */
  end(): void {
    this.#feed.leave();
    this.#grace.begin();
    this.#soon();
  }

  async #start(): Promise<void> {
    const { workers } = this.#parts.setup.table;
    const started = Array.from({ length: workers }, (_, worker) => this.#pool.start(worker));
    const failed = (await Promise.allSettled(started)).find((result) => result.status === "rejected");
    // A ring that was closed meanwhile cannot be opened by those that had not come to it: that is an end, not a failure.
    if (failed !== undefined && !this.#feed.ending) throw failed.reason;
  }

  async #stop(): Promise<void> {
    this.#grace.begin();
    await this.#pool.stop();
    await this.#reports.settled();
  }

  readonly #onUntil = (): void => {
    this.#feed.markEnd();
    // What is to be handled before the end is not begun before all have started.
    if (this.#started) this.#grace.begin();
    this.#soon();
  };

  /** One look at everything. */
  readonly #turn = (): void => {
    this.#due = false;
    if (this.#fatal) return;
    this.#nap.stop();
    const feed = this.#feed;
    try {
      this.#collect();
      const lack = feed.ending ? ringEmpty : feed.fill();
      if (!feed.ending || feed.jobs.outstanding > 0) return this.#sleep(lack);
      feed.releaseAll();
      this.#done.settle();
    } catch (error) {
      // The ring is broken: nothing more can be read, but what was read is sound.
      this.#failWith(error);
    }
  };

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    yieldTurn(this.#turn);
  }

  #collect(): boolean {
    if (!this.#feed.collect()) return false;
    this.#nap.reset();
    return true;
  }

  #sleep(lack: number): void {
    const feed = this.#feed;
    if (feed.jobs.outstanding > 0) {
      feed.jobs.wait();
      if (this.#collect()) return this.#soon();
      // The kernel wakes only those who have given everything back, so that new records are looked for.
      if (feed.hasRoom && !feed.ending) this.#nap.nap(this.#turn);
      return;
    }
    feed.releaseAll();
    if (lack === ringEmpty) {
      this.#nap.reset();
      this.#bell.arm(this.#turn);
    } else if (lack === ringBusy) {
      this.#onBusy();
    } else {
      this.#soon();
    }
  }

  /** Someone may hold a reservation for good: with `until`, nobody waits for it beyond the longest nap. */
  #onBusy(): void {
    if (this.#feed.bounded && this.#nap.exhausted) {
      this.#feed.end();
      return this.#done.settle();
    }
    this.#nap.nap(this.#turn);
  }

  #onMessage(message: WorkerMessage, worker: number): void {
    if (message.kind === "value") this.#reports.value(message.value, worker);
    else this.#grace.renew();
    if (message.kind === "failed") this.#fail(message.job, restoreError(message.error as ErrorReport), worker);
    this.#nap.reset();
    this.#soon();
  }

  #fail(job: number, error: unknown, worker: number): void {
    const { jobs } = this.#feed;
    jobs.set(job, JobStatus.failed, worker);
    this.#reports.error(error, this.#event(jobs.offset(job), jobs.length(job)));
  }

  /** Undefined when it cannot be decoded, which is then the error. */
  #event(offset: number, length: number): T | undefined {
    try {
      return this.#parts.loan.decode(offset, length);
    } catch {
      return undefined;
    }
  }

  #failWith(error: unknown): void {
    this.#errors.push(error);
    this.end();
  }

  #onDeath(error: EbpfError, worker: number): void {
    if (this.#fatal) return;
    if (this.#stopping) return void this.#errors.push(error);
    this.#deaths += 1;
    const finished = this.#feed.countFinished();
    this.#barren = finished > this.#finished ? 1 : this.#barren + 1;
    this.#finished = finished;
    this.#grace.renew();
    this.#reports.death(error);
    for (const job of this.#feed.retry(worker)) this.#fail(job, error, worker);
    if (this.#barren >= barrenDeaths(this.#parts.setup.table.workers)) return this.#giveUp(error);
    this.#pool.start(worker).then(
      () => this.#soon(),
      (cause: unknown) => this.#giveUp(cause),
    );
  }

  #onGraceOver(): void {
    const { name, graceMs } = this.#parts;
    const unfinished = this.#feed.countUnfinished();
    const what =
      unfinished > 0
        ? `${unfinished} of the records that were begun are not finished, and stay in the ring`
        : "all records are finished, but their module's close(), or a callback, is not";
    const message = `Cannot end the workers of ring ${name}: they made no progress for ${graceMs} ms; ${what}`;
    this.#giveUp(new EbpfError("WORKER", message));
  }

  /** There will be no more progress: what is not finished stays in the ring, and with it what was finished behind it. */
  #giveUp(error: unknown): void {
    if (this.#fatal) return;
    this.#collect();
    this.#fatal = true;
    this.#feed.end();
    this.#errors.push(error);
    this.#done.settle();
    this.#gaveUp.settle();
  }

  #failure(): unknown {
    if (this.#errors.length === 1) return this.#errors[0];
    const first = String(this.#errors[0]);
    return new AggregateError(this.#errors, `${this.#errors.length} errors ended the workers, the first: ${first}`);
  }
}

/** Something that happens once, and may have happened already. */
class Signal {
  readonly promise: Promise<void>;
  #settle: () => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => (this.#settle = resolve));
  }

  settle(): void {
    this.#settle();
  }
}
