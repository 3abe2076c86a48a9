import { EbpfError } from "../../base/errors.ts";
import { ringFull, type RingProducer } from "../../ring/producer.ts";
import type { RingTurns } from "./ring-turns.ts";
import { type SampleEncoder, sizeOf } from "./sample-encoder.ts";

/** DYNPTR_MAX_SIZE: a larger sample stays in the ring for good, and every drain fails with E2BIG. */
const largestSample = 2 ** 24 - 1;

/** Writes one sample at a time, encoded in place: reserved and submitted at once, or staged as a part of a batch. */
export class SampleWriter<T> {
  readonly view: DataView;
  readonly #producer: RingProducer;
  readonly #turns: RingTurns;
  readonly #data: Uint8Array;
  readonly #encoder: SampleEncoder<T>;

  constructor(producer: RingProducer, turns: RingTurns, encoder: SampleEncoder<T>) {
    const { data } = producer.memory;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#producer = producer;
    this.#turns = turns;
    this.#data = data;
    this.#encoder = encoder;
  }

  send(value: T | Uint8Array): void {
    const size = this.#sizeOf(value);
    this.#submit(value, this.reserve(size), size);
  }

  /** False when there is no room now. */
  trySend(value: T | Uint8Array): boolean {
    const size = this.#sizeOf(value);
    const offset = this.tryReserve(size);
    if (offset === ringFull) return false;
    this.#submit(value, offset, size);
    return true;
  }

  /** Throws NO_SPACE when there is no room now. */
  reserve(size: number): number {
    const offset = this.tryReserve(size);
    if (offset !== ringFull) return offset;
    throw this.#producer.fullError(size);
  }

  /** The offset of space for a sample; programs get no further until it is submitted or discarded. */
  tryReserve(size: number): number {
    this.checkSize(size);
    return this.#turns.needed ? this.#reserveInTurn(size) : this.#producer.tryReserve(size);
  }

  /** Adds a value to the batch that the producer publishes; false when there is no room for it now. */
  stage(value: T | Uint8Array): boolean {
    const size = this.#sizeOf(value);
    this.checkSize(size);
    const offset = this.#producer.stage(size);
    if (offset === ringFull) return false;
    try {
      this.#put(value, offset, size);
    } catch (error) {
      this.#producer.unstage();
      throw error;
    }
    return true;
  }

  #put(value: T | Uint8Array, offset: number, size: number): void {
    if (value instanceof Uint8Array) this.#data.set(value, offset);
    else this.#encoder.encode(value, this.view, offset, size);
  }

  #sizeOf(value: T | Uint8Array): number {
    return value instanceof Uint8Array ? value.length : sizeOf(this.#encoder, value);
  }

  checkSize(size: number): void {
    if (size > largestSample && this.#producer.size > largestSample) {
      throw new EbpfError(
        "TOO_BIG",
        `Cannot send ${size} bytes to ring ${this.#producer.name}: a program can take at most ${largestSample} at a time`,
      );
    }
  }

  #reserveInTurn(size: number): number {
    this.#turns.begin();
    try {
      return this.#producer.tryReserve(size);
    } finally {
      this.#turns.end();
    }
  }

  #submit(value: T | Uint8Array, offset: number, size: number): void {
    try {
      this.#put(value, offset, size);
    } catch (error) {
      this.#producer.discard(offset);
      throw error;
    }
    this.#producer.submit(offset);
  }
}
