/**
 * The records that are under way between the thread that reads a ring and the workers that handle them, in shared memory.
 * Only where a record stands travels; the record stays in the ring.
 *
 * ```text
 *   word 0      head      number of the next record to be added          written by the reader
 *   word 32     tail      all records before it are finished             written by the reader
 *   word 64     waiting   1 while the reader wants to be told of progress
 *   word 96+32w asleep    1 while worker w wants to be told of records   (128 bytes apart: no two in a cache line)
 *   then        4 words a slot: state, offset, length, unused
 * ```
 * Record n has slot n modulo their number. A state is `generation << 16 | status << 8 | who`: the generation, of 16 bits, keeps
 * a worker that is late from taking the slot's next record for the one that it looked for. All accesses of states and control words
 * are sequentially consistent; a slot's other words are written before its state becomes ready, and read after it was claimed.
 */
const headWord = 0;
const tailWord = 32;
const waitingWord = 64;
const firstAsleepWord = 96;
const wordsApart = 32;
const wordsOfSlot = 4;

/** `who` of a record that any worker may take. */
export const anyWorker = 255;

export const JobStatus = { empty: 0, ready: 1, claimed: 2, failing: 3, failed: 4, done: 5 } as const;
export type JobStatus = (typeof JobStatus)[keyof typeof JobStatus];

export interface JobTableShape {
  readonly buffer: SharedArrayBuffer;
  /** A power of two. */
  readonly slots: number;
  readonly workers: number;
}

export function newJobTable(slots: number, workers: number): JobTableShape {
  const words = firstAsleepWord + workers * wordsApart + slots * wordsOfSlot;
  return { buffer: new SharedArrayBuffer(4 * words), slots, workers };
}

/** What both sides know. */
class JobTable {
  readonly slots: number;
  readonly workers: number;
  protected readonly words: Int32Array;
  readonly #first: number;
  readonly #bits: number;

  constructor({ buffer, slots, workers }: JobTableShape) {
    this.slots = slots;
    this.workers = workers;
    this.words = new Int32Array(buffer);
    this.#first = firstAsleepWord + workers * wordsApart;
    this.#bits = Math.log2(slots);
  }

  offset(job: number): number {
    return this.words[this.at(job) + 1]!;
  }

  length(job: number): number {
    return this.words[this.at(job) + 2]!;
  }

  /** Where the state of record `job` stands. */
  protected at(job: number): number {
    return this.#first + (job & (this.slots - 1)) * wordsOfSlot;
  }

  protected state(job: number, status: JobStatus, who: number): number {
    return ((job >>> this.#bits) << 16) | (status << 8) | who;
  }

  protected asleepAt(worker: number): number {
    return firstAsleepWord + worker * wordsApart;
  }
}

/** The side of the thread that reads the ring. */
export class JobReader extends JobTable {
  #head = 0;
  #tail = 0;

  get head(): number {
    return this.#head;
  }

  get tail(): number {
    return this.#tail;
  }

  get outstanding(): number {
    return (this.#head - this.#tail) | 0;
  }

  /** `who` is a worker, or {@link anyWorker}. */
  add(offset: number, length: number, who: number): number {
    const job = this.#head;
    const at = this.at(job);
    this.words[at + 1] = offset;
    this.words[at + 2] = length;
    Atomics.store(this.words, at, this.state(job, JobStatus.ready, who));
    this.#setHead(job + 1);
    return job;
  }

  status(job: number): JobStatus {
    return ((Atomics.load(this.words, this.at(job)) >>> 8) & 0xff) as JobStatus;
  }

  who(job: number): number {
    return Atomics.load(this.words, this.at(job)) & 0xff;
  }

  set(job: number, status: JobStatus, who: number): void {
    Atomics.store(this.words, this.at(job), this.state(job, status, who));
  }

  /** Moves past the oldest record, which is finished. */
  passOldest(): void {
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.words, tailWord, this.#tail);
  }

  /** Takes back the newest records that no worker has begun. Those before one that is begun stay, so that no gap remains. */
  takeBack(): void {
    while (this.outstanding > 0) {
      const job = (this.#head - 1) | 0;
      const at = this.at(job);
      const ready = this.state(job, JobStatus.ready, this.who(job));
      if (Atomics.compareExchange(this.words, at, ready, this.state(job, JobStatus.empty, 0)) !== ready) return;
      this.#setHead(job);
    }
  }

  /** Wants one call from a worker that makes progress. Look once more after this: the progress may be made already. */
  wait(): void {
    Atomics.store(this.words, waitingWord, 1);
  }

  /** True when the worker slept, and is now to be told of new records. Ask after they were added. */
  rouse(worker: number): boolean {
    const at = this.asleepAt(worker);
    return Atomics.load(this.words, at) === 1 && Atomics.exchange(this.words, at, 0) === 1;
  }

  #setHead(head: number): void {
    this.#head = head | 0;
    Atomics.store(this.words, headWord, this.#head);
  }
}

/** A worker's side. */
export class JobWorker extends JobTable {
  readonly #worker: number;
  #next: number;

  constructor(shape: JobTableShape, worker: number) {
    super(shape);
    this.#worker = worker;
    this.#next = Atomics.load(this.words, tailWord);
  }

  /** The oldest record that this worker may begin, now its own; undefined when there is none. */
  claim(): number | undefined {
    const tail = Atomics.load(this.words, tailWord);
    if (((this.#next - tail) | 0) < 0) this.#next = tail;
    const head = Atomics.load(this.words, headWord);
    // After records were taken back, the head may be behind.
    while (((head - this.#next) | 0) > 0) {
      const job = this.#next;
      this.#next = (job + 1) | 0;
      if (this.#take(job, this.#worker) || this.#take(job, anyWorker)) return job;
    }
    this.#next = head;
    return undefined;
  }

  /** True when the reader is to be told that there is progress. */
  finish(job: number): boolean {
    Atomics.store(this.words, this.at(job), this.state(job, JobStatus.done, this.#worker));
    return Atomics.load(this.words, waitingWord) === 1 && Atomics.exchange(this.words, waitingWord, 0) === 1;
  }

  /** The reader is told why by a message. */
  fail(job: number): void {
    Atomics.store(this.words, this.at(job), this.state(job, JobStatus.failing, this.#worker));
  }

  /** Wants to be told of new records. Look once more after this: they may be there already. */
  sleep(): void {
    Atomics.store(this.words, this.asleepAt(this.#worker), 1);
  }

  wake(): void {
    Atomics.store(this.words, this.asleepAt(this.#worker), 0);
  }

  #take(job: number, who: number): boolean {
    const at = this.at(job);
    const ready = this.state(job, JobStatus.ready, who);
    if (Atomics.load(this.words, at) !== ready) return false;
    return Atomics.compareExchange(this.words, at, ready, this.state(job, JobStatus.claimed, this.#worker)) === ready;
  }
}
