import { yieldTurn } from "../../../base/yield-turn.ts";
import type { RingBell, RingMemory } from "../../../ring/ring-memory.ts";
import { RingBufHeader } from "../../../uapi/uapi.gen.ts";
import { onWake, release } from "./wake-word.ts";

/** The longest delay that a timer takes. */
const longestDelay = 0x7fff_ffff;

/**
 * Sleeps on the word that the machine bumps and notifies at every wake-up. `ready()` says whether there is something to do
 * already. It is asked after the word was read, so that a wake-up in between is seen as a change of the word.
 */
export class EmbeddedBell implements RingBell {
  readonly #word: Int32Array;
  readonly #ready: () => boolean;
  readonly #onRing: () => void;
  /** A pending `waitAsync` does not keep a process alive; an armed bell does, as a listening socket would. */
  #keepAlive: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(word: Int32Array, ready: () => boolean, onRing: () => void) {
    this.#word = word;
    this.#ready = ready;
    this.#onRing = onRing;
  }

  arm(): void {
    if (this.#closed || this.#keepAlive !== undefined) return;
    this.#keepAlive = setTimeout(() => {}, longestDelay);
    const seen = Atomics.load(this.#word, 0);
    if (this.#ready()) yieldTurn(this.#ring);
    else onWake(this.#word, seen, this.#ring, this.#wanted);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disarm();
    // Lets go of what waits for nothing now; other bells on the word look again and sleep on.
    release(this.#word);
  }

  readonly #wanted = (): boolean => !this.#closed;

  readonly #ring = (): void => {
    if (this.#keepAlive === undefined) return;
    this.#disarm();
    this.#onRing();
  };

  #disarm(): void {
    clearTimeout(this.#keepAlive);
    this.#keepAlive = undefined;
  }
}

/** Whether the record at the head of an event ring is committed, so that a consumer could go on. */
export function hasRecord({ consumer, producer, overwrite, data, size }: RingMemory): () => boolean {
  const headers = new Int32Array(data.buffer, data.byteOffset, size / 4);
  const mask = BigInt(size - 1);
  return () => {
    const position = Atomics.load(consumer, 0);
    if (position === Atomics.load(producer, 0)) return false;
    const header = Atomics.load(headers, Number(position & mask) >>> 2);
    if ((header & RingBufHeader.BUSY_BIT) === 0) return true;
    // What is busy is never overwritten: then it was the header of another record.
    return overwrite !== undefined && Atomics.load(overwrite, 0) > position;
  };
}

/**
 * Whether a user ring has room, and has had more taken out since this last said so: a producer whose record needs
 * more than the room there is must sleep until the program drains, not spin.
 */
export function hasRoom({ consumer, producer, size }: RingMemory): () => boolean {
  let last: bigint | undefined;
  return () => {
    const position = Atomics.load(consumer, 0);
    if (position === last || Atomics.load(producer, 0) - position >= BigInt(size)) return false;
    last = position;
    return true;
  };
}
