import { EbpfError } from "../base/errors.ts";
import type { RingProducer } from "../ring/producer.ts";
import type { Reservation } from "../ring/reservation.ts";
import { Backoff } from "./backoff.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aSignal, longestTimer, milliseconds } from "../base/checks.ts";
import type { LazyBell } from "./lazy-bell.ts";

/** How long to wait for room in a ring. */
export interface RoomOptions {
  /** Milliseconds to wait at most; for ever when left out. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The ring that has no room. */
export interface RoomSource {
  readonly producer: RingProducer;
  /** Undefined when there is no room now. */
  tryReserve(size: number): Reservation | undefined;
  readonly bell: LazyBell;
}

interface Waiter {
  readonly size: number;
  resolve(reservation: Reservation): void;
  reject(error: unknown): void;
}

const checks: Checks<RoomOptions> = { timeoutMs: milliseconds(longestTimer), signal: aSignal };

/** Those who wait for room in a ring, served in their order. */
export class RoomQueue {
  readonly #source: RoomSource;
  readonly #waiting: Waiter[] = [];
  readonly #backoff: Backoff = new Backoff();
  /** Where the other side stood at the last look; it moves when it has read. */
  #consumed = -1n;

  constructor(source: RoomSource) {
    this.#source = source;
  }

  /** After the timeout it tries once more, as libbpf does, and then throws NO_SPACE. */
  async reserve(size: number, options: RoomOptions = {}): Promise<Reservation> {
    checkOptions(options, checks, "reserveWhenFree()");
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    const reservation = this.#waiting.length === 0 ? this.#source.tryReserve(size) : undefined;
    return reservation ?? this.#wait(size, timeoutMs, signal);
  }

  /** Everybody who waits gets the error. */
  close(error: EbpfError): void {
    this.#fail(error);
  }

  #wait(size: number, timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<Reservation> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onAbort: (() => void) | undefined;
    const promise = new Promise<Reservation>((resolve, reject) => {
      const waiter: Waiter = { size, resolve, reject };
      this.#waiting.push(waiter);
      onAbort = () => this.#leave(waiter, () => reject(signal?.reason as Error));
      signal?.addEventListener("abort", onAbort);
      if (timeoutMs !== undefined)
        timer = setTimeout(() => this.#leave(waiter, () => this.#lastTry(waiter)), timeoutMs);
    });
    if (this.#waiting.length === 1) this.#pause();
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort!);
    });
  }

  #leave(waiter: Waiter, then: () => void): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    then();
    this.#serve();
  }

  #lastTry(waiter: Waiter): void {
    if (this.#try(waiter)) return;
    const { name, free, size } = this.#source.producer;
    const message = `Cannot write ${waiter.size} bytes to ring ${name}: the time is up, and only ${free} of its ${size} bytes are free`;
    waiter.reject(new EbpfError("NO_SPACE", message));
  }

  /** True when the waiter has its answer. */
  #try(waiter: Waiter): boolean {
    try {
      const reservation = this.#source.tryReserve(waiter.size);
      if (reservation !== undefined) waiter.resolve(reservation);
      return reservation !== undefined;
    } catch (error) {
      waiter.reject(error);
      return true;
    }
  }

  readonly #serve = (): void => {
    while (this.#waiting.length > 0 && this.#try(this.#waiting[0]!)) this.#waiting.shift();
    if (this.#waiting.length === 0) this.#rest();
    else this.#pause();
  };

  /** Without a way to learn of room nobody waits: a bell takes descriptors, of which there may be none left. */
  #pause(): void {
    try {
      this.#listen();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The bell rings for any room. When it has rung and the other side has not read since, it is asked again only after a nap. */
  #listen(): void {
    const { bell, producer } = this.#source;
    const consumed = producer.consumerPosition;
    if (consumed !== this.#consumed) {
      this.#consumed = consumed;
      this.#backoff.reset();
      bell.arm(this.#serve);
    } else if (!bell.armed) {
      this.#backoff.nap(this.#onNapped);
    }
  }

  readonly #onNapped = (): void => {
    try {
      this.#source.bell.arm(this.#serve);
    } catch (error) {
      this.#fail(error);
    }
  };

  #fail(error: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    this.#rest();
  }

  #rest(): void {
    this.#source.bell.disarm();
    this.#consumed = -1n;
    this.#backoff.stop();
  }
}
