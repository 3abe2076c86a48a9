import { ringEmpty } from "../../ring/reading.ts";
import type { RingMemory } from "../../ring/ring-memory.ts";
import { RingScanner } from "../../ring/ring-scanner.ts";
import { anyWorker, JobReader, JobStatus, type JobTableShape } from "./job-table.ts";
import { type RecordBytes, workerOf } from "./record-key.ts";

export interface RecordFeedParts {
  /** For errors. */
  readonly name: string;
  readonly memory: RingMemory;
  readonly table: JobTableShape;
  readonly key: RecordBytes | undefined;
  /** Records under way at most; not more than the table has slots. */
  readonly queue: number;
  /** Tells a worker that slept of new records. */
  readonly wake: (worker: number) => void;
}

/** How often a record is begun before it counts as what kills workers. */
const attempts = 2;

/** Takes records from the ring into the job table, and gives back the space of those that are finished, in their order. */
export class RecordFeed {
  readonly jobs: JobReader;
  readonly #parts: RecordFeedParts;
  readonly #scanner: RingScanner;
  /** By slot: where in the ring its record ends, and how often it was begun and not finished. */
  readonly #ends: Int32Array;
  readonly #deadly: Uint8Array;
  /** By worker: whether there are new records for it. */
  readonly #wanted: Uint8Array;
  /** The last position that is wanted. */
  #mark: number | undefined;
  #ending = false;
  /** Records were read that nobody will have handled at the end. */
  #leaves = false;
  #handled = 0;
  #failed = 0;

  constructor(parts: RecordFeedParts) {
    const { memory, name, table } = parts;
    this.#parts = parts;
    this.#scanner = new RingScanner(memory, name);
    this.jobs = new JobReader(table);
    this.#ends = new Int32Array(table.slots);
    this.#deadly = new Uint8Array(table.slots);
    this.#wanted = new Uint8Array(table.workers);
  }

  get handled(): number {
    return this.#handled;
  }

  get failed(): number {
    return this.#failed;
  }

  /** No more records are taken. */
  get ending(): boolean {
    return this.#ending;
  }

  /** Whether a last position is set. */
  get bounded(): boolean {
    return this.#mark !== undefined;
  }

  get hasRoom(): boolean {
    return this.jobs.outstanding < this.#parts.queue;
  }

  /** The records that are there now are the last. */
  markEnd(): void {
    try {
      this.#mark ??= this.#scanner.consumer.mark();
    } catch {
      // A ring that is closed or broken says so at the next read.
    }
  }

  /** Takes no more records. */
  end(): void {
    this.#ending = true;
  }

  /** {@link end}, and takes back those that no worker has begun. */
  leave(): void {
    this.#ending = true;
    this.#leaves = true;
    this.jobs.takeBack();
  }

  /** Adds what there is, as long as there is room. Gives why it ended: a code of the consumer, or 0 for a full table. */
  fill(): number {
    let added = 0;
    let lack = 0;
    while (this.hasRoom) {
      lack = this.#atMark() ? ringEmpty : this.#scanner.read();
      if (lack < 0) break;
      this.#add(lack);
      added += 1;
      lack = 0;
    }
    if (added > 0) this.#rouse(added);
    if (lack === ringEmpty && this.#mark !== undefined) this.#ending = true;
    return lack;
  }

  /** Passes what is finished, from the oldest on, and gives its space back. True when there was any. */
  collect(): boolean {
    const { jobs } = this;
    const tail = jobs.tail;
    for (; jobs.outstanding > 0; jobs.passOldest()) {
      const status = jobs.status(jobs.tail);
      if (status === JobStatus.done) this.#handled += 1;
      else if (status === JobStatus.failed) this.#failed += 1;
      else break;
    }
    if (jobs.tail === tail) return false;
    this.#scanner.release(this.#ends[(jobs.tail - 1) & (jobs.slots - 1)]!);
    return true;
  }

  /** Nothing is under way: gives back discarded records too, behind the last one. */
  releaseAll(): void {
    if (!this.#leaves) this.#scanner.releaseAll();
  }

  /**
   * A worker has died: what it was at goes to its replacement, which begins at the oldest record. Gives those that were begun too often
   * for that.
   */
  retry(worker: number): number[] {
    const { jobs } = this;
    const given: number[] = [];
    for (let job = jobs.tail; job !== jobs.head; job = (job + 1) | 0) {
      const status = jobs.status(job);
      if (jobs.who(job) !== worker || (status !== JobStatus.claimed && status !== JobStatus.failing)) continue;
      const slot = job & (jobs.slots - 1);
      this.#deadly[slot]! += 1;
      if (this.#deadly[slot]! < attempts) jobs.set(job, JobStatus.ready, worker);
      else given.push(job);
    }
    return given;
  }

  /** Records that are handled or failed, also those whose space is not given back, behind one that is not. */
  countFinished(): number {
    return this.#handled + this.#failed + this.jobs.outstanding - this.countUnfinished();
  }

  /** Records that were taken, and are neither handled nor failed. */
  countUnfinished(): number {
    const { jobs } = this;
    let count = 0;
    for (let job = jobs.tail; job !== jobs.head; job = (job + 1) | 0) {
      const status = jobs.status(job);
      if (status !== JobStatus.done && status !== JobStatus.failed) count += 1;
    }
    return count;
  }

  #atMark(): boolean {
    return this.#mark !== undefined && this.#scanner.consumer.hasReached(this.#mark);
  }

  #add(offset: number): void {
    const { jobs } = this;
    const { key, memory } = this.#parts;
    const { length, end } = this.#scanner;
    let who = anyWorker;
    if (key !== undefined) {
      who = workerOf(memory.data, offset, length, key, jobs.workers);
      this.#wanted[who] = 1;
    }
    const slot = jobs.add(offset, length, who) & (jobs.slots - 1);
    this.#ends[slot] = end;
    this.#deadly[slot] = 0;
  }

  /** Wakes those for whom there is something, or as many as there are records that anybody may take. */
  #rouse(added: number): void {
    const { jobs } = this;
    const { key, wake } = this.#parts;
    let woken = 0;
    for (let worker = 0; worker < jobs.workers; worker += 1) {
      const wanted = key === undefined ? woken < added : this.#wanted[worker] === 1;
      if (!wanted || !jobs.rouse(worker)) continue;
      wake(worker);
      woken += 1;
    }
    this.#wanted.fill(0);
  }
}
