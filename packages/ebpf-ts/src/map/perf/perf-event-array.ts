import { type Pinnable, pinObject, unpinObject } from "../../engine/pinnable.ts";
import { checkOptions } from "../../base/check-options.ts";
import { aFunction } from "../../base/checks.ts";
import { drainChecks, type DrainOptions } from "../../ring/drain-options.ts";
import { OneReader } from "../../stream/one-reader.ts";
import { type EventsOptions, RecordStream } from "../../stream/record-stream.ts";
import type { PerfBatch } from "./perf-batch.ts";
import type { PerfDrainResult } from "./perf-drain.ts";
import { type OnSample, type PerfEvent, PerfRings, type PerfRingsParts } from "./perf-rings.ts";

export interface PerfEventArrayOptions<T> {
  /** For errors. */
  readonly name: string;
  /** Opens the rings, once. */
  readonly open: () => PerfRingsParts<T>;
  /** What is pinned; none where this thread has the memory alone. */
  readonly pinnable?: Pinnable | undefined;
  readonly onClose?: (() => void) | undefined;
}

/**
 * The rings, one per CPU, that programs write with `bpf_perf_event_output` and BPF_F_CURRENT_CPU (BPF_MAP_TYPE_PERF_EVENT_ARRAY,
 * Linux 4.3). One loop reads them all; there is one consumer at a time. Events of one CPU come in their order, those of
 * several CPUs as they are found. CPUs that come online later have no ring.
 *
 * The kernel pads what programs write to the end of a record, so that an event may be up to 7 bytes longer than it was.
 */
export class PerfEventArray<T = unknown> implements AsyncIterable<PerfEvent<T>> {
  readonly name: string;
  readonly #openRings: () => PerfRingsParts<T>;
  readonly #pinnable: Pinnable | undefined;
  readonly #onClose: (() => void) | undefined;
  readonly #place: OneReader;
  #opened: PerfRings<T> | undefined;
  #paused = false;

  /** @internal Made by the collection. */
  constructor({ name, open, pinnable, onClose }: PerfEventArrayOptions<T>) {
    this.name = name;
    this.#openRings = open;
    this.#pinnable = pinnable;
    this.#onClose = onClose;
    this.#place = new OneReader(`perf event array ${name}`);
  }

  /** Whether the rings are in the map, or were: see {@link open}. */
  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /**
   * Makes the rings, and puts them into the map, so that events from now on are kept. `perfEventArray()` of a collection, `openPinned()` and
   * `openById()` have done so; one that was found in `maps` of a collection does so when its rings are first needed, or here. Idempotent.
   */
  open(): void {
    void this.#rings;
  }

  /** New events overwrite old ones, and are read with {@link snapshot}. */
  get overwritable(): boolean {
    return this.#rings.overwritable;
  }

  /** The CPUs that have a ring. */
  get cpus(): readonly number[] {
    return this.#rings.cpus;
  }

  /** Bytes of one CPU's ring. */
  get size(): number {
    return this.#rings.size;
  }

  /** Events handed out so far. */
  get received(): number {
    return this.#opened?.received ?? 0;
  }

  /**
   * Events for which a ring had no room, or that came while it was paused. The kernel tells of them with the next event that does
   * find room, so that the last ones may not be counted yet.
   */
  get lost(): number {
    return [...this.lostPerCpu.values()].reduce((sum, lost) => sum + lost, 0);
  }

  get lostPerCpu(): ReadonlyMap<number, number> {
    return this.#opened?.lostPerCpu ?? new Map();
  }

  /** Bytes that wait to be read, of all CPUs together. */
  get available(): number {
    return this.#place.closed ? 0 : (this.#opened?.available ?? 0);
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
    return new RecordStream(this.#rings.events, options);
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
    return new RecordStream(this.#rings.batches(wakeup === undefined || wakeup === "event"), options);
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
    return this.#rings.drain(onSample, options);
  }

  /**
   * What overwritable rings hold now: of each CPU the newest event first, back to the oldest that is still whole. Nothing is
   * consumed. The rings are paused meanwhile, unless they are so already.
   */
  snapshot(): PerfEvent<T>[] {
    this.#place.checkOpen();
    if (!this.overwritable)
      throw new TypeError(`Cannot take a snapshot of ${this.name}: it is not overwritable, read its events()`);
    if (!this.#paused) this.#rings.setPaused(true);
    try {
      return this.#rings.snapshot();
    } finally {
      if (!this.#paused) this.#rings.setPaused(false);
    }
  }

  /** From now on programs cannot write (`bpf_perf_event_output` gives ENOSPC), and what they would have written counts as lost. */
  pause(): void {
    this.#setPaused(true);
  }

  /** Undoes {@link pause}. */
  resume(): void {
    this.#setPaused(false);
  }

  /** Keeps the map alive under a path of a bpffs (kernel engine), one at a time (BUSY). The rings are those of whoever has it open. */
  pin(path: string): void {
    this.#place.checkOpen();
    pinObject(this.#pinnable, path, `perf event array ${this.name}`);
  }

  /** Takes the pin away that {@link pin} or loading made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    this.#place.checkOpen();
    unpinObject(this.#pinnable, `perf event array ${this.name}`);
  }

  /** Ends an iteration that is under way, and takes the rings from the programs. Idempotent. */
  close(): void {
    if (!this.#place.close()) return;
    this.#opened?.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #rings(): PerfRings<T> {
    this.#opened ??= this.#makeRings();
    return this.#opened;
  }

  #makeRings(): PerfRings<T> {
    this.#place.checkOpen();
    return new PerfRings(this.name, this.#place, this.#openRings());
  }

  #setPaused(paused: boolean): void {
    this.#place.checkOpen();
    this.#rings.setPaused(paused);
    this.#paused = paused;
  }

  #refuseOverwritable(): void {
    if (this.overwritable)
      throw new TypeError(`Cannot read the events of ${this.name} one by one: it is overwritable, take a snapshot()`);
  }
}
