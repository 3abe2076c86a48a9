import { type Encoder, makeEncoder } from "../btf/index.ts";
import type { EngineRing, Injector } from "../engine/engine.ts";
import { EbpfError, NotSupportedError } from "../errors.ts";
import { recordSize } from "../ring/record.ts";
import { Lookahead } from "../stream/lookahead.ts";
import { napUnless } from "../stream/nap.ts";
import { yieldTurn } from "../stream/turn-budget.ts";
import { type InjectOptions, injectTerms, type InjectTerms } from "./inject-options.ts";
import { InjectQueue } from "./inject-queue.ts";
import type { RingRecordType } from "./ring-buf.ts";

export interface RingInjectorOptions {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** Records are plain bytes when it is left out. */
  readonly type: RingRecordType | undefined;
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
  readonly #type: RingRecordType | undefined;
  #encoder: Encoder | undefined;
  readonly #closing: AbortController = new AbortController();
  readonly #queue: InjectQueue = new InjectQueue();
  #injector: Injector | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #injected = 0;

  constructor({ name, ring, type }: RingInjectorOptions) {
    this.#name = name;
    this.#ring = ring;
    this.#type = type;
  }

  /** Records written so far. */
  get injected(): number {
    return this.#injected;
  }

  async inject(value: T | Uint8Array, options: InjectOptions): Promise<void> {
    const terms = injectTerms(options, this.#size);
    if ((await this.#inTurn([value], terms)) === 0) throw this.#noSpace(terms);
  }

  async injectMany(values: Iterable<T | Uint8Array>, options: InjectOptions): Promise<number> {
    return this.#inTurn(values, injectTerms(options, this.#size));
  }

  /** Whoever waits gets an error. Idempotent. */
  close(): void {
    this.#closing.abort(new EbpfError("CLOSED", `Cannot inject into ring ${this.#name}: it is closed`));
  }

  get #size(): number {
    return this.#ring.memory.size;
  }

  async #inTurn(values: Iterable<T | Uint8Array>, terms: InjectTerms): Promise<number> {
    return (await this.#queue.run(terms, () => this.#run(new Lookahead(values), terms))) ?? 0;
  }

  async #run(values: Lookahead<T | Uint8Array>, terms: InjectTerms): Promise<number> {
    const start = this.#injected;
    let nap = 0;
    let turn = performance.now();
    try {
      for (;;) {
        terms.signal?.throwIfAborted();
        this.#closing.signal.throwIfAborted();
        const written = this.#injector === undefined ? 0 : this.#batch(this.#injector, values, terms.leaveFree);
        if (!values.has(0)) return this.#injected - start;
        const size = this.#sizeOf(values.at(0), terms.leaveFree);
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
    } finally {
      values.close();
    }
  }

  /** As many as there is room for; gives how many were written. What fails, fails after what is before it was written. */
  #batch(injector: Injector, values: Lookahead<T | Uint8Array>, leaveFree: number): number {
    let staged = 0;
    let failure: { readonly error: unknown } | undefined;
    injector.begin(leaveFree);
    try {
      while (values.has(staged) && this.#stage(injector, values.at(staged), leaveFree)) staged += 1;
    } catch (error) {
      failure = { error };
    }
    const written = this.#flush(injector);
    values.drop(written);
    if (failure !== undefined && written === staged) throw failure.error;
    return written;
  }

  /** False when there is no room for it now. */
  #stage(injector: Injector, value: T | Uint8Array, leaveFree: number): boolean {
    const size = this.#sizeOf(value, leaveFree);
    const offset = size > injector.largest ? -1 : injector.stage(size);
    if (offset < 0) return false;
    try {
      if (value instanceof Uint8Array) this.#bytes.set(value, offset);
      else this.#encoder!.encode(value, injector.view, offset);
    } catch (error) {
      injector.unstage();
      throw error;
    }
    return true;
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

  #sizeOf(value: T | Uint8Array, leaveFree: number): number {
    const size = this.#bytesOf(value);
    // A ring is never quite full.
    const room = this.#size - Math.max(leaveFree, 8);
    if (recordSize(size) <= room) return size;
    throw new EbpfError(
      "TOO_BIG",
      `Cannot inject ${size} bytes into ring ${this.#name}: of its ${this.#size} bytes ${leaveFree} are left free for programs, so a record has at most ${Math.max((room & ~7) - 8, 0)}`,
    );
  }

  #bytesOf(value: T | Uint8Array): number {
    if (value instanceof Uint8Array) return value.length;
    if (this.#type !== undefined) {
      this.#encoder ??= makeEncoder(this.#type.btf, this.#type.id);
      return this.#encoder.sizeFor(value);
    }
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot inject into ring ${this.#name}: its records have no known type, so it takes a Uint8Array`,
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
