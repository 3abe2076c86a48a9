import type { Injector, WriteRecord } from "../../engine/injector.ts";
import type { EngineRing } from "../../engine/ring.ts";
import type { Checks } from "../../base/check-options.ts";
import { aCount, anIterable } from "../../base/checks.ts";
import { EbpfError, NotSupportedError, sayWhichValue } from "../../base/errors.ts";
import { headerSize } from "../../ring/record.ts";
import { napUnless } from "../../stream/nap.ts";
import { yieldTurn } from "../../base/yield-turn.ts";
import { injectChecks, type InjectOptions, injectTerms, type InjectTerms } from "./inject-options.ts";
import { InjectQueue } from "./inject-queue.ts";
import { FilledRecords, type InjectedRecords, ValueEncoder } from "./injected-records.ts";
import type { RingRecordType } from "../record-type.ts";

type OnFailure = (error: unknown, before: number) => void;

export interface RingInjectorOptions {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** Records are plain bytes when it is left out. */
  readonly type: (() => RingRecordType | undefined) | undefined;
}

/** Longest time that batches follow each other before timers and sockets get their turn, in milliseconds. */
const turnMs = 10;
/** Nobody tells when an event ring is read, so who waits looks again after naps that grow up to this, in milliseconds. */
const longestNap = 16;

/**
 * Writes into an event ring from user space. Calls are served in their order, one after the other; where none is before
 * it, and the engine's injector was made, a call has written what there is room for before it returns.
 */
export class RingInjector<T> {
  readonly #name: string;
  readonly #ring: EngineRing;
  readonly #encoder: ValueEncoder<T>;
  readonly #checks: Checks<InjectOptions>;
  readonly #closing: AbortController = new AbortController();
  readonly #queue: InjectQueue = new InjectQueue();
  #injector: Injector | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #injected = 0;

  constructor({ name, ring, type }: RingInjectorOptions) {
    this.#name = name;
    this.#ring = ring;
    this.#checks = injectChecks(ring.memory.size);
    this.#encoder = new ValueEncoder(name, type);
  }

  /** Records written so far. */
  get injected(): number {
    return this.#injected;
  }

  async inject(value: T | Uint8Array, options: InjectOptions): Promise<void> {
    const terms = injectTerms(options, this.#checks, this.#size);
    const values = [value];
    const records = this.#encoder.records(values);
    const writing = this.#inTurn(() => records, terms);
    // It is the caller's again when this call has returned.
    if (records.any) values[0] = this.#encoder.kept(value);
    if ((await writing) === 0) throw this.#noSpace(terms);
  }

  async injectMany(values: Iterable<T | Uint8Array>, options: InjectOptions): Promise<number> {
    anIterable(values, "The values of injectMany()");
    const terms = injectTerms(options, this.#checks, this.#size);
    return this.#inTurn(() => this.#encoder.records(values), terms, sayWhichValue);
  }

  async injectFill(count: number, size: number, write: WriteRecord, options: InjectOptions): Promise<number> {
    const records = new FilledRecords(count, size, write);
    return this.#inTurn(() => records, injectTerms(options, this.#checks, this.#size));
  }

  /** Whether records of an ordinary size can be written without loading anything. */
  get isPrepared(): boolean {
    return this.#injector !== undefined;
  }

  /** Loads what it takes to inject records of up to `size` bytes. */
  async prepare(size: number): Promise<void> {
    aCount(size, "The size of prepareInjection()");
    this.#closing.signal.throwIfAborted();
    this.#checked(size, 0);
    if (this.#injector === undefined || this.#injector.largest < size) await this.#open(size);
  }

  /** Whoever waits gets an error. Idempotent. */
  close(): void {
    this.#closing.abort(new EbpfError("CLOSED", `Cannot inject into ring ${this.#name}: it is closed`));
  }

  get #size(): number {
    return this.#ring.memory.size;
  }

  /** `onFailure` is told what a record failed with, and how many were injected before it. */
  async #inTurn(records: () => InjectedRecords, terms: InjectTerms, onFailure?: OnFailure): Promise<number> {
    return (await this.#queue.run(terms, () => this.#run(records(), terms, onFailure))) ?? 0;
  }

  async #run(records: InjectedRecords, terms: InjectTerms, onFailure: OnFailure | undefined): Promise<number> {
    const start = this.#injected;
    let nap = 0;
    let turn = performance.now();
    try {
      for (;;) {
        terms.signal?.throwIfAborted();
        this.#closing.signal.throwIfAborted();
        const written = this.#injector === undefined ? 0 : this.#batch(this.#injector, records, terms.leaveFree);
        if (!records.any) return this.#injected - start;
        const size = this.#checked(records.nextSize, terms.leaveFree);
        if (this.#injector === undefined || size > this.#injector.largest) {
          await this.#open(size);
        } else if (written > 0) {
          nap = 0;
          if (performance.now() - turn >= turnMs) turn = await nextTurn();
        } else {
          const left = terms.deadline - performance.now();
          if (left <= 0) return this.#injected - start;
          nap = Math.min(Math.max(2 * nap, 1), longestNap);
          const ms = Math.min(nap, left);
          await this.#queue.full(() => napUnless(ms, [terms.signal, this.#closing.signal]));
        }
      }
    } catch (error) {
      onFailure?.(error, this.#injected - start);
      throw error;
    } finally {
      records.close();
    }
  }

  /** As many as there is room for; gives how many were written. What fails, fails after what is before it was written. */
  #batch(injector: Injector, records: InjectedRecords, leaveFree: number): number {
    let failure: { readonly error: unknown } | undefined;
    injector.begin(leaveFree);
    try {
      records.stage(injector, this.#bytes);
    } catch (error) {
      failure = { error };
    }
    const { staged } = injector;
    const written = this.#flush(injector);
    records.drop(written);
    if (failure !== undefined && written === staged) throw failure.error;
    return written;
  }

  #flush(injector: Injector): number {
    try {
      const written = injector.flush();
      this.#injected += written;
      return written;
    } catch (error) {
      this.#injector = undefined;
      throw error;
    }
  }

  /** The size of a record that fits the ring when there is room. */
  #checked(size: number, leaveFree: number): number {
    // A ring is never quite full.
    const most = ((this.#size - Math.max(leaveFree, 8)) & ~7) - headerSize;
    if (size <= most) return size;
    throw new EbpfError(
      "TOO_BIG",
      `Cannot inject ${size} bytes into ring ${this.#name}: of its ${this.#size} bytes ${leaveFree} are left free for programs, so a record has at most ${Math.max(most, 0)}`,
    );
  }

  async #open(size: number): Promise<void> {
    if (this.#ring.injector === undefined) {
      throw new NotSupportedError(
        "injection",
        `Cannot inject into ring ${this.#name}: its engine cannot write into an event ring`,
      );
    }
    const injector = await this.#ring.injector(size);
    const { view } = injector;
    this.#injector = injector;
    this.#bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  #noSpace({ leaveFree }: InjectTerms): EbpfError {
    return new EbpfError(
      "NO_SPACE",
      `Cannot inject into ring ${this.#name}: there is no room beside the ${leaveFree} of its ${this.#size} bytes that are left free for programs; read it, wait, or leave less free`,
    );
  }
}

async function nextTurn(): Promise<number> {
  await new Promise<void>((resolve) => {
    yieldTurn(resolve);
  });
  return performance.now();
}
