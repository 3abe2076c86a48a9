import type { EbpfError } from "../errors.ts";
import type { RingLoan } from "../map/ring-buf.ts";
import { ringBusy, ringEmpty } from "../ring/consumer.ts";
import { RingScanner } from "../ring/ring-scanner.ts";
import { Backoff } from "../stream/backoff.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { yieldTurn } from "../stream/turn-budget.ts";
import { anyWorker, JobReader, JobStatus } from "./job-table.ts";
import type { WorkerMessage, WorkerSetup } from "./messages.ts";
import { type RecordBytes, workerOf } from "./record-key.ts";
import { type ErrorReport, restoreError } from "./worker-error.ts";
import type { WorkerDispatchOptions, WorkerDispatchResult } from "./worker-options.ts";
import { WorkerPool } from "./worker-pool.ts";

export interface WorkerDispatchParts<T> {
  readonly name: string;
  readonly loan: RingLoan<T>;
  readonly key: RecordBytes | undefined;
  /** Records under way at most; not more than the table has slots. */
  readonly queue: number;
  readonly setup: Omit<WorkerSetup, "index">;
  readonly options: WorkerDispatchOptions<T>;
}

/** How often a record is begun before it counts as what kills workers. */
const attempts = 2;
/** Deaths in a row, without one event finished in between, after which it gives up. */
const barrenDeaths = 5;

/**
 * The thread that reads the ring: it puts the records that come into the job table, and gives back the space of those that are
 * finished. It sleeps while there is nothing to do: with all finished, on the ring's bell, which knows the consumer's
 * position; else until a worker tells of progress, looking for new records in between.
 */
export class WorkerDispatch<T> {
  readonly #parts: WorkerDispatchParts<T>;
  readonly #scanner: RingScanner;
  readonly #jobs: JobReader;
  readonly #pool: WorkerPool;
  readonly #bell: LazyBell;
  readonly #nap: Backoff = new Backoff();
  /** By slot: where in the ring its record ends, and how often it was begun and not finished. */
  readonly #ends: Int32Array;
  readonly #deadly: Uint8Array;
  /** By worker: whether there are new records for it. */
  readonly #wanted: Uint8Array;
  readonly #queue: number;
  readonly #errors: unknown[] = [];
  #handled = 0;
  #failed = 0;
  #deaths = 0;
  #barren = 0;
  #mark: number | undefined;
  /** No more records are taken. */
  #ending = false;
  /** Records were read that nobody will have handled at the end. */
  #leaves = false;
  /** It goes on no more, whatever is under way. */
  #fatal = false;
  #stopping = false;
  #due = false;
  #resolve: () => void = () => {};

  constructor(parts: WorkerDispatchParts<T>) {
    const { loan, name, setup } = parts;
    this.#parts = parts;
    this.#scanner = new RingScanner(loan.ring.memory, name);
    this.#jobs = new JobReader(setup.table);
    this.#ends = new Int32Array(setup.table.slots);
    this.#deadly = new Uint8Array(setup.table.slots);
    this.#wanted = new Uint8Array(setup.table.workers);
    this.#queue = parts.queue;
    this.#bell = new LazyBell((onRing) => loan.ring.bell(onRing));
    this.#pool = new WorkerPool(setup, {
      onMessage: (message, worker) => this.#onMessage(message, worker),
      onDeath: (error, worker) => this.#onDeath(error, worker),
    });
  }

  async run(): Promise<WorkerDispatchResult> {
    const { signal, until } = this.#parts.options;
    const onAbort = (): void => this.end();
    try {
      until?.then(this.#onUntil, this.#onUntil);
      await this.#start();
      const done = new Promise<void>((resolve) => (this.#resolve = resolve));
      if (signal?.aborted) this.end();
      else signal?.addEventListener("abort", onAbort);
      this.#turn();
      await done;
      this.#stopping = true;
      if (!this.#fatal) await this.#pool.stop();
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#ending = true;
      this.#nap.stop();
      this.#bell.close();
      await this.#pool.terminate();
    }
    if (this.#errors.length > 0) throw this.#failure();
    return { handled: this.#handled, failed: this.#failed, deaths: this.#deaths };
  }

  /** Takes no more records, and takes back those that no worker has begun. */
  end(): void {
    this.#ending = true;
    this.#leaves = true;
    this.#jobs.takeBack();
    this.#soon();
  }

  async #start(): Promise<void> {
    const started = Array.from({ length: this.#jobs.workers }, (_, worker) => this.#pool.start(worker));
    const failed = (await Promise.allSettled(started)).find((result) => result.status === "rejected");
    // A ring that was closed meanwhile cannot be opened by those that had not come to it: that is an end, not a failure.
    if (failed !== undefined && !this.#ending) throw failed.reason;
  }

  readonly #onUntil = (): void => {
    try {
      this.#mark ??= this.#scanner.consumer.mark();
    } catch {
      // A ring that is closed or broken says so at the next read.
    }
    this.#soon();
  };

  /** One look at everything. */
  readonly #turn = (): void => {
    this.#due = false;
    if (this.#fatal) return;
    this.#nap.stop();
    try {
      this.#collect();
      const lack = this.#ending ? ringEmpty : this.#fill();
      if (!this.#ending || this.#jobs.outstanding > 0) return this.#sleep(lack);
      if (!this.#leaves) this.#scanner.releaseAll();
      this.#resolve();
    } catch (error) {
      // The ring is broken: nothing more can be read, but what was read is sound.
      this.#errors.push(error);
      this.end();
    }
  };

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    yieldTurn(this.#turn);
  }

  /** Passes what is finished, from the oldest on, and gives its space back. True when there was any. */
  #collect(): boolean {
    const jobs = this.#jobs;
    const tail = jobs.tail;
    for (; jobs.outstanding > 0; jobs.passOldest()) {
      const status = jobs.status(jobs.tail);
      if (status === JobStatus.done) this.#handled += 1;
      else if (status === JobStatus.failed) this.#failed += 1;
      else break;
    }
    if (jobs.tail === tail) return false;
    this.#barren = 0;
    this.#nap.reset();
    this.#scanner.release(this.#ends[(jobs.tail - 1) & (jobs.slots - 1)]!);
    return true;
  }

  /** Adds what there is, as long as there is room. Gives why it ended: a code of the consumer, or 0 for a full table. */
  #fill(): number {
    const { loan, key } = this.#parts;
    const { data } = loan.ring.memory;
    const scanner = this.#scanner;
    const jobs = this.#jobs;
    let added = 0;
    let lack = 0;
    while (jobs.outstanding < this.#queue) {
      if (this.#mark !== undefined && scanner.consumer.hasReached(this.#mark)) lack = this.#endHere();
      else lack = scanner.read();
      if (lack < 0) break;
      const { length } = scanner;
      let who = anyWorker;
      if (key !== undefined) {
        who = workerOf(data, lack, length, key, jobs.workers);
        this.#wanted[who] = 1;
      }
      const slot = jobs.add(lack, length, who) & (jobs.slots - 1);
      this.#ends[slot] = scanner.end;
      this.#deadly[slot] = 0;
      added += 1;
      lack = 0;
    }
    if (added > 0) this.#rouse(key === undefined ? added : 0);
    if (lack === ringEmpty && this.#mark !== undefined) this.#endHere();
    return lack;
  }

  #endHere(): number {
    this.#ending = true;
    return ringEmpty;
  }

  /** Wakes those for whom there is something, or as many as there are records that anybody may take. */
  #rouse(free: number): void {
    const jobs = this.#jobs;
    let woken = 0;
    for (let worker = 0; worker < jobs.workers; worker += 1) {
      const wanted = free > 0 ? woken < free : this.#wanted[worker] === 1;
      if (wanted && jobs.rouse(worker)) {
        this.#pool.order(worker, "work");
        woken += 1;
      }
    }
    this.#wanted.fill(0);
  }

  #sleep(lack: number): void {
    const { outstanding } = this.#jobs;
    if (outstanding > 0) {
      this.#jobs.wait();
      if (this.#collect()) return this.#soon();
      // The kernel wakes only those who have given everything back, so that new records are looked for.
      if (outstanding < this.#queue && !this.#ending) this.#nap.nap(this.#turn);
      return;
    }
    this.#scanner.releaseAll();
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
    if (this.#mark !== undefined && this.#nap.exhausted) {
      this.#ending = true;
      return this.#resolve();
    }
    this.#nap.nap(this.#turn);
  }

  #onMessage(message: WorkerMessage, worker: number): void {
    if (message.kind === "failed") {
      this.#fail(message.job, restoreError(message.error as ErrorReport), worker);
    } else if (message.kind === "value") {
      this.#tell(() => this.#parts.options.onValue?.(message.value, worker));
    }
    this.#nap.reset();
    this.#soon();
  }

  #fail(job: number, error: unknown, worker: number): void {
    const { onError } = this.#parts.options;
    this.#jobs.set(job, JobStatus.failed, worker);
    this.#tell(() => {
      if (onError === undefined || onError(error, this.#event(job)) === "stop") throw error;
    });
  }

  /** Undefined when it cannot be decoded, which is then the error. */
  #event(job: number): T | undefined {
    try {
      return this.#parts.loan.decode(this.#jobs.offset(job), this.#jobs.length(job));
    } catch {
      return undefined;
    }
  }

  /** What the user's function throws stops it all. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#errors.push(error);
      this.end();
    }
  }

  #onDeath(error: EbpfError, worker: number): void {
    if (this.#fatal) return;
    if (this.#stopping) return void this.#errors.push(error);
    this.#deaths += 1;
    this.#barren += 1;
    this.#tell(() => this.#parts.options.onDeath?.(error));
    this.#recover(error, worker);
    if (this.#barren >= barrenDeaths) return this.#giveUp(error);
    this.#pool.start(worker).then(
      () => this.#soon(),
      (cause: unknown) => this.#giveUp(cause),
    );
  }

  /** What it was at goes to its replacement, which begins at the oldest record. */
  #recover(error: EbpfError, worker: number): void {
    const jobs = this.#jobs;
    for (let job = jobs.tail; job !== jobs.head; job = (job + 1) | 0) {
      const status = jobs.status(job);
      if (jobs.who(job) !== worker || (status !== JobStatus.claimed && status !== JobStatus.failing)) continue;
      const slot = job & (jobs.slots - 1);
      this.#deadly[slot]! += 1;
      if (this.#deadly[slot]! < attempts) jobs.set(job, JobStatus.ready, worker);
      else this.#fail(job, error, worker);
    }
  }

  /** There will be no more progress: what is not finished stays in the ring, and with it what was finished behind it. */
  #giveUp(error: unknown): void {
    if (this.#fatal) return;
    this.#collect();
    this.#fatal = true;
    this.#ending = true;
    this.#errors.push(error);
    this.#resolve();
  }

  #failure(): unknown {
    if (this.#errors.length === 1) return this.#errors[0];
    const first = String(this.#errors[0]);
    return new AggregateError(this.#errors, `${this.#errors.length} errors ended the workers, the first: ${first}`);
  }
}
