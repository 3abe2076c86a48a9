import type { FindTable } from "../../columns/row-table.ts";
import type { EnginePerf, PerfOptions } from "../../engine/perf.ts";
import type { DrainOptions } from "../../ring/drain-options.ts";
import { PerfReader } from "../../ring/perf/perf-reader.ts";
import { takeSnapshot } from "../../ring/perf/perf-snapshot.ts";
import { ringEmpty } from "../../ring/reading.ts";
import type { RingBell } from "../../ring/ring-memory.ts";
import { RecordView } from "../../ring/record-view.ts";
import { LazyBell } from "../../stream/lazy-bell.ts";
import type { Traffic } from "../../stream/pace.ts";
import type { OneReader } from "../../stream/one-reader.ts";
import type { RecordDecoder, RecordSource } from "../../stream/record-stream.ts";
import { copyBytes } from "../record-codec.ts";
import { tableFinder } from "../table-finder.ts";
import { drainSamples, type PerfDrainResult } from "./perf-drain.ts";
import { dueBytes, type PerfBatch, PerfBatchReader } from "./perf-batch.ts";

/** An event, and the CPU whose ring it came from. */
export interface PerfEvent<T> {
  readonly cpu: number;
  readonly event: T;
}

/** What a drain of perf rings hands samples to; `false` ends it. */
export type OnSample = (record: RecordView, cpu: number) => boolean | void | number;

export interface PerfRingsParts<T> {
  readonly perf: EnginePerf;
  readonly overwritable: boolean;
  /** What the rings were opened with. */
  readonly watermark?: PerfOptions["watermark"];
  /** Events are copies of the bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  /** For columns; left out where records are bytes. */
  readonly findTable?: FindTable | undefined;
}

/** The rings of all CPUs once they are open, read one event, one batch or one drain at a time. */
export class PerfRings<T> {
  readonly overwritable: boolean;
  readonly events: RecordSource<PerfEvent<T>>;
  readonly #name: string;
  readonly #perf: EnginePerf;
  readonly #place: OneReader;
  readonly #reader: PerfReader;
  readonly #decode: RecordDecoder<T>;
  readonly #findTable: FindTable;
  readonly #batches: RecordSource<PerfBatch<T>>;
  /** Bytes in a ring from which on batches are worth it. */
  readonly #due: number;
  readonly #bell: LazyBell;
  /** One for each ring, and for its samples that pass its end. */
  readonly #records: readonly { readonly ring: RecordView; readonly wrapped: RecordView }[];
  readonly #snapshotLost: number[];

  /** `name` is for errors; `place` is that of the one reader. */
  constructor(name: string, place: OneReader, { perf, overwritable, watermark, decode, findTable }: PerfRingsParts<T>) {
    this.#name = name;
    this.#place = place;
    this.#perf = perf;
    this.overwritable = overwritable;
    this.#reader = new PerfReader(perf.rings, name);
    this.#decode = decode ?? copyBytes;
    this.#findTable = findTable ?? tableFinder(`perf event array ${name}`, undefined);
    this.#bell = new LazyBell((onRing) => this.#openBell(onRing));
    this.#due = dueBytes(this.size, watermark);
    this.#snapshotLost = perf.rings.map(() => 0);
    this.#records = perf.rings.map(({ memory }, index) => ({
      ring: new RecordView(memory.data),
      wrapped: new RecordView(this.#reader.consumers[index]!.scratch),
    }));
    this.events = this.#eventSource();
    this.#batches = this.#batchSource();
  }

  get cpus(): readonly number[] {
    return this.#reader.cpus;
  }

  /** Bytes of one CPU's ring. */
  get size(): number {
    return this.#perf.rings[0]?.memory.size ?? 0;
  }

  get received(): number {
    return sum(this.#reader.consumers.map((consumer) => consumer.received));
  }

  get lostPerCpu(): ReadonlyMap<number, number> {
    const { consumers, cpus } = this.#reader;
    return new Map(cpus.map((cpu, index) => [cpu, consumers[index]!.lost + this.#snapshotLost[index]!]));
  }

  get available(): number {
    return this.overwritable ? 0 : sum(this.#reader.consumers.map((consumer) => consumer.available));
  }

  /** `patiently`: sleeps beside what is not worth a batch yet. */
  batches(patiently: boolean): RecordSource<PerfBatch<T>> {
    return patiently ? this.#batches : { ...this.#batches, acquire: (stream) => this.#acquire(stream, 1) };
  }

  drain(onSample: OnSample, options: DrainOptions): PerfDrainResult {
    const show = (): boolean => this.#show(onSample) !== false && !this.#place.closed;
    return this.#place.during(() => drainSamples(this.#reader, show, options));
  }

  snapshot(): PerfEvent<T>[] {
    return this.#perf.rings.flatMap((_, index) => this.#snapshotOf(index));
  }

  setPaused(paused: boolean): void {
    this.#perf.setPaused(paused);
  }

  close(): void {
    this.#bell.close();
    this.#reader.close();
    this.#perf.close();
  }

  #eventSource(): RecordSource<PerfEvent<T>> {
    return {
      consumer: this.#reader,
      bell: this.#bell,
      traffic: this.#traffic(),
      stepsPerLook: 8,
      look: () => (this.#reader.next() ? 0 : ringEmpty),
      take: () => this.#take(),
      leave: () => {},
      acquire: (stream) => this.#acquire(stream, 1),
      release: () => void this.#place.leave(),
    };
  }

  #batchSource(): RecordSource<PerfBatch<T>> {
    const batches = new PerfBatchReader<T>({
      reader: this.#reader,
      show: () => this.#recordAtHand(),
      hide: () => this.#hideRecords(),
      decode: this.#decode,
      findTable: this.#findTable,
    });
    return {
      consumer: this.#reader,
      bell: this.#bell,
      traffic: this.#traffic(),
      stepsPerLook: 1,
      look: () => batches.look(),
      take: () => batches.take(),
      leave: () => batches.end(),
      acquire: (stream) => this.#acquire(stream, this.#due),
      release: (reason) => {
        batches.end(reason);
        this.#place.leave();
      },
    };
  }

  #traffic(): Traffic {
    const { consumers } = this.#reader;
    return {
      received: () => this.received,
      fullness: () => Math.max(...consumers.map((consumer) => consumer.available / this.size)),
    };
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
    const { data, samples, lost } = takeSnapshot(memory, `${this.#name} of CPU ${cpu}`);
    this.#snapshotLost[index] = lost;
    const view = new DataView(data.buffer);
    return samples.map(({ offset, length }) => ({ cpu, event: this.#decode(view, offset, length) }));
  }

  /**
   * What came between the last look and arming woke nobody: perf events forget a wake-up that was once asked for. What is seen before needs no bell:
   * one that stays armed though nobody waits keeps the process alive.
   */
  #openBell(onRing: () => void): RingBell {
    const bell = new LazyBell((ring) => this.#perf.bell(ring));
    return {
      arm: () => {
        if (this.#hasData()) return queueMicrotask(onRing);
        bell.arm(onRing);
        if (!this.#hasData()) return;
        bell.disarm();
        queueMicrotask(onRing);
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
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
