import { setTimeout as sleep } from "node:timers/promises";
import type { EngineName } from "../../src/engine/engine-name.ts";
import type { RingMemory } from "../../src/ring/ring-memory.ts";
import { payload } from "../ring/kernel-model.ts";
import { concurrentFixture, type ConcurrentFixture } from "./concurrent-fixture.ts";

/** A record that a program wrote, as it must be found in the ring. */
export interface WrittenRecord {
  readonly position: bigint;
  readonly payload: Uint8Array;
  readonly busy: boolean;
  readonly discarded: boolean;
}

const firstEntry = new Uint8Array(4);
const page = 4096n;
const largestBuffer = 8192;
/** Of struct record_args. */
const argumentBytes = 16;

/** Lets the programs of the fixture `record-format` write, and keeps account of what must stand in the ring. */
export class RecordWriter implements AsyncDisposable {
  readonly memory: RingMemory;
  readonly written: WrittenRecord[] = [];
  readonly #fixture: ConcurrentFixture;
  #seed: number;
  #number = 0;

  private constructor(fixture: ConcurrentFixture, seed: number) {
    this.#fixture = fixture;
    this.#seed = seed;
    this.memory = fixture.ring("events").memory;
  }

  static async open(engine: EngineName, seed: number): Promise<RecordWriter> {
    return new RecordWriter(await concurrentFixture(engine, "record-format"), seed);
  }

  get producer(): bigint {
    return Atomics.load(this.memory.producer, 0);
  }

  get consumer(): bigint {
    return Atomics.load(this.memory.consumer, 0);
  }

  /** One record of a random size, now and then such that the next header is the last thing in its page; false when it found no room. */
  async writeRandom(): Promise<boolean> {
    const untilPageEnd = Number(page - 8n - (this.producer % page)) - 8;
    const kind = this.#random(8);
    const small = this.#random(100);
    const size =
      kind === 0 ? this.#random(1500) : kind === 1 && untilPageEnd >= 0 && untilPageEnd < 1500 ? untilPageEnd : small;
    return this.write(size, this.#random(5) === 0);
  }

  async write(size: number, discarded: boolean): Promise<boolean> {
    const position = this.producer;
    const bytes = this.#nextPayload(size);
    const { result } = await this.#fixture.call("write_record", { size, discard: Number(discarded) });
    if (result !== 0n) return false;
    this.written.push({ position, payload: bytes, busy: false, discarded });
    return true;
  }

  /** Consumes all but the newest records. */
  keep(records: number): void {
    this.written.splice(0, Math.max(this.written.length - records, 0));
    Atomics.store(this.memory.consumer, 0, this.written[0]?.position ?? this.producer);
  }

  /** Consumes the oldest records until so many bytes are free, a ring being full with 8 bytes left. */
  makeRoom(bytes: number): void {
    const full = BigInt(this.memory.size - 8 - bytes);
    while (this.producer - this.consumer > full) this.keep(this.written.length - 1);
  }

  /** Calls `look` while a program holds a record that it has not committed, with a committed and a discarded one behind it. */
  async whileHeld(look: () => void): Promise<void> {
    const position = this.producer;
    const bytes = this.#nextPayload(40);
    const gate = this.#fixture.counters("gate");
    const thread = await this.#fixture.loop("hold_record", new Uint8Array(argumentBytes));
    try {
      for (let ms = 0; Atomics.load(gate, 1) === 0n; ms += 1) {
        if (ms > 5000) throw new Error("The program does not hold its record");
        await sleep(1);
      }
      this.written.push(
        { position, payload: bytes, busy: true, discarded: false },
        { position: position + 48n, payload: bytes.slice(0, 17), busy: false, discarded: false },
        { position: position + 48n + 32n, payload: bytes.slice(0, 24), busy: false, discarded: true },
      );
      look();
    } finally {
      Atomics.store(gate, 0, 1n);
      await thread[Symbol.asyncDispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#fixture[Symbol.asyncDispose]();
  }

  #nextPayload(size: number): Uint8Array {
    this.#number += 1;
    const buffer = new Uint8Array(largestBuffer);
    const bytes = payload(this.#number, size);
    buffer.set(bytes);
    this.#fixture.map("buffers").update(firstEntry, buffer, 0);
    return bytes;
  }

  /** Numerical Recipes' generator: the same records for the same seed. */
  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * below);
  }
}
