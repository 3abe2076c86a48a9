import type { EnginePerf, PerfOptions } from "../../engine/perf.ts";
import { NotSupportedError } from "../../base/errors.ts";
import { ringEmpty } from "../../ring/reading.ts";
import { PerfReader } from "../../ring/perf/perf-reader.ts";
import { takeSnapshot } from "../../ring/perf/perf-snapshot.ts";
import { RecordView } from "../../ring/record-view.ts";
import type { RingBell } from "../../ring/ring-memory.ts";
import { checkOptions } from "../../base/check-options.ts";
import { aFunction } from "../../base/checks.ts";
import { drainChecks, type DrainOptions } from "../../ring/drain-options.ts";
import { LazyBell } from "../../stream/lazy-bell.ts";
import { OneReader } from "../../stream/one-reader.ts";
import { type EventsOptions, type RecordDecoder, type RecordSource, RecordStream } from "../../stream/record-stream.ts";
import { drainSamples, type PerfDrainResult } from "./perf-drain.ts";
import { dueBytes, type PerfBatch, PerfBatchReader } from "./perf-batch.ts";

export interface PerfEvent<T> {
  readonly cpu: number;
  readonly event: T;
}

export interface PerfEventArrayOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly perf: EnginePerf;
  readonly overwritable: boolean;
  /** What the rings were opened with. */
  readonly watermark?: PerfOptions["watermark"];
  /** Events are copies of the bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  readonly pin?: ((path: string) => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** What a drain of perf rings hands samples to; `false` ends it. */
export type OnSample = (record: RecordView, cpu: number) => boolean | void | number;

/**
 * The rings, one per CPU, that programs write with `bpf_perf_event_output` and BPF_F_CURRENT_CPU (BPF_MAP_TYPE_PERF_EVENT_ARRAY,
 * Linux 4.3). One loop reads them all; there is one consumer at a time. Events of one CPU come in their order, those of
 * several CPUs as they are found. CPUs that come online later have no ring.
 *
 * The kernel pads what programs write to the end of a record, so that an event may be up to 7 bytes longer than it was.
 */
export class PerfEventArray<T = unknown> implements AsyncIterable<PerfEvent<T>> {
  readonly name: string;
  /** New events overwrite old ones, and are read with {@link snapshot}. */
  readonly overwritable: boolean;
  readonly #perf: EnginePerf;
  readonly #reader: PerfReader;
  readonly #decode: RecordDecoder<T>;
  readonly #source: RecordSource<PerfEvent<T>>;
  readonly #batches: RecordSource<PerfBatch<T>>;
  /** Bytes in a ring from which on batches are worth it. */
  readonly #due: number;
  readonly #bell: LazyBell;
  /** One for each ring, and for its samples that pass its end. */
  readonly #records: readonly { readonly ring: RecordView; readonly wrapped: RecordView }[];
  readonly #snapshotLost: number[];
  readonly #pin: ((path: string) => void) | undefined;
  readonly #onClose: (() => void) | undefined;
  readonly #place: OneReader;
  #paused = false;

  constructor({ name, perf, overwritable, watermark, decode, pin, onClose }: PerfEventArrayOptions<T>) {
    this.name = name;
    this.#pin = pin;
    this.#onClose = onClose;
    this.overwritable = overwritable;
    this.#perf = perf;
    this.#reader = new PerfReader(perf.rings, name);
    this.#place = new OneReader(`perf event array ${name}`);
    this.#decode = decode ?? copyBytes;
    this.#bell = new LazyBell((onRing) => this.#openBell(onRing));
    this.#due = dueBytes(this.size, watermark);
    this.#snapshotLost = perf.rings.map(() => 0);
    this.#records = perf.rings.map(({ memory }, index) => ({
      ring: new RecordView(memory.data),
      wrapped: new RecordView(this.#reader.consumers[index]!.scratch),
    }));
    const batches = new PerfBatchReader<T>({
      reader: this.#reader,
      show: () => this.#recordAtHand(),
      hide: () => this.#hideRecords(),
      decode: this.#decode,
    });
    const shared = { consumer: this.#reader, bell: this.#bell, release: () => void this.#place.leave() };
    this.#source = {
      ...shared,
      stepsPerLook: 8,
      look: () => (this.#reader.next() ? 0 : ringEmpty),
      take: () => this.#take(),
      acquire: (stream) => this.#acquire(stream, 1),
    };
    this.#batches = {
      ...shared,
      stepsPerLook: 1,
      look: () => batches.look(),
      take: () => batches.take(),
      acquire: (stream) => this.#acquire(stream, this.#due),
      release: (reason) => {
        batches.end(reason);
        this.#place.leave();
      },
    };
  }

  /** The CPUs that have a ring. */
  get cpus(): readonly number[] {
    return this.#reader.cpus;
  }

  /** Bytes of one CPU's ring. */
  get size(): number {
    return this.#perf.rings[0]?.memory.size ?? 0;
  }

  /** Events handed out so far. */
  get received(): number {
    return sum(this.#reader.consumers.map((consumer) => consumer.received));
  }

  /**
   * Events for which a ring had no room, or that came while it was paused. The kernel tells of them with the next event that does
   * find room, so that the last ones may not be counted yet.
   */
  get lost(): number {
    return sum([...this.lostPerCpu.values()]);
  }

  get lostPerCpu(): ReadonlyMap<number, number> {
    const { consumers, cpus } = this.#reader;
    return new Map(cpus.map((cpu, index) => [cpu, consumers[index]!.lost + this.#snapshotLost[index]!]));
  }

  /** Bytes that wait to be read, of all CPUs together. */
  get available(): number {
    return this.overwritable || this.#place.closed
      ? 0
      : sum(this.#reader.consumers.map((consumer) => consumer.available));
  }

  get paused(): boolean {
    return this.#paused;
  }

  [Symbol.asyncIterator](): RecordStream<PerfEvent<T>> {
    return this.events();
  }

  /** The events from now on, those that wait in the rings first. Keeps the process alive while it waits for more. */
  events(options: EventsOptions = {}): RecordStream<PerfEvent<T>> {
    this.#place.checkOpen();
    this.#refuseOverwritable();
    return new RecordStream(this.#source, options);
  }

  /**
   * The samples from now on in batches of one CPU each, up to about 1/8 of its ring, to be read without a copy: the fastest way that
   * is still a loop. Back-pressure, sleep and end are those of {@link events}; but with a watermark in bytes of up to 1/4 of a ring, the
   * loop sleeps beside what little is left (less than the watermark, and than 1/16 of each ring), unless it looks by the clock.
   */
  batches(options: EventsOptions = {}): RecordStream<PerfBatch<T>> {
    this.#place.checkOpen();
    this.#refuseOverwritable();
    const wakeup = options?.wakeup;
    if (wakeup === undefined || wakeup === "event") return new RecordStream(this.#batches, options);
    return new RecordStream({ ...this.#batches, acquire: (stream) => this.#acquire(stream, 1) }, options);
  }

  /**
   * Hands out the samples that are there now, without a copy: the view is valid until the callback returns. `false` ends the drain after
   * this sample; what the callback throws passes through, and its sample counts as read. It ends once all rings were read up to where they
   * were when it began, so that a flood cannot hold the thread.
   */
  drain(onSample: OnSample, options: DrainOptions = {}): PerfDrainResult {
    aFunction(onSample, "The callback of drain()");
    checkOptions(options, drainChecks, "drain()");
    this.#place.checkFree();
    this.#refuseOverwritable();
    const show = (): boolean => this.#show(onSample) !== false && !this.#place.closed;
    return this.#place.during(() => drainSamples(this.#reader, show, options));
  }

  /**
   * What overwritable rings hold now: of each CPU the newest event first, back to the oldest that is still whole. Nothing is
   * consumed. The rings are paused meanwhile, unless they are so already.
   */
  snapshot(): PerfEvent<T>[] {
    this.#place.checkOpen();
    if (!this.overwritable)
      throw new TypeError(`Cannot take a snapshot of ${this.name}: it is not overwritable, read its events()`);
    if (!this.#paused) this.#perf.setPaused(true);
    try {
      return this.#perf.rings.flatMap((_, index) => this.#snapshotOf(index));
    } finally {
      if (!this.#paused) this.#perf.setPaused(false);
    }
  }

  /** From now on programs cannot write (`bpf_perf_event_output` gives ENOSPC), and what they would have written counts as lost. */
  pause(): void {
    this.#setPaused(true);
  }

  resume(): void {
    this.#setPaused(false);
  }

  /** Keeps the map alive under a path of a bpffs. The rings are those of whoever has it open. */
  pin(path: string): void {
    this.#place.checkOpen();
    if (this.#pin === undefined) {
      throw new NotSupportedError("pin", `Cannot pin perf event array ${this.name}: its engine cannot`);
    }
    this.#pin(path);
  }

  /** Ends an iteration that is under way, and takes the rings from the programs. Idempotent. */
  close(): void {
    if (!this.#place.close()) return;
    this.#bell.close();
    this.#reader.close();
    this.#perf.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(): PerfEvent<T> {
    const { cpu, current } = this.#reader;
    return { cpu, event: this.#decode(current.view, current.offset, current.length) };
  }

  #show(onSample: OnSample): boolean | void | number {
    const record = this.#recordAtHand();
    try {
      return onSample(record, this.#reader.cpu);
    } finally {
      record.moveTo(0, 0);
    }
  }

  /** The view of the ring, or of the memory for samples that pass its end. */
  #recordAtHand(): RecordView {
    const { current, index } = this.#reader;
    const { ring, wrapped } = this.#records[index]!;
    const record = current.wrapped ? wrapped : ring;
    record.moveTo(current.offset, current.length);
    return record;
  }

  #hideRecords(): void {
    for (const { ring, wrapped } of this.#records) {
      ring.moveTo(0, 0);
      wrapped.moveTo(0, 0);
    }
  }

  #acquire(stream: { end(): void }, due: number): void {
    this.#place.take(stream);
    this.#reader.due = due;
  }

  #snapshotOf(index: number): PerfEvent<T>[] {
    const { cpu, memory } = this.#perf.rings[index]!;
    const { data, samples, lost } = takeSnapshot(memory, `${this.name} of CPU ${cpu}`);
    this.#snapshotLost[index] = lost;
    const view = new DataView(data.buffer);
    return samples.map(({ offset, length }) => ({ cpu, event: this.#decode(view, offset, length) }));
  }

  /** What came between the last look and arming woke nobody: perf events forget a wake-up that was once asked for. */
  #openBell(onRing: () => void): RingBell {
    const bell = this.#perf.bell(onRing);
    return {
      arm: () => {
        bell.arm();
        if (this.#hasData()) queueMicrotask(onRing);
      },
      close: () => bell.close(),
    };
  }

  /** A ring that is broken says so when it is read. */
  #hasData(): boolean {
    try {
      return this.#reader.hasData();
    } catch {
      return true;
    }
  }

  #setPaused(paused: boolean): void {
    this.#place.checkOpen();
    this.#perf.setPaused(paused);
    this.#paused = paused;
  }

  #refuseOverwritable(): void {
    if (this.overwritable)
      throw new TypeError(`Cannot read the events of ${this.name} one by one: it is overwritable, take a snapshot()`);
  }
}

function copyBytes<T>(view: DataView, offset: number, length: number): T {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice() as T;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
