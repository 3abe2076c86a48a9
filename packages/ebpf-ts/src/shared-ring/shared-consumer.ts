import { milliseconds } from "../base/checks.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import type { Descriptor } from "../sys/ffi/descriptor.ts";
import { RescuingConsumer } from "./rescuing-consumer.ts";
import { openSharedBell } from "./shared-bell.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { ReadableRing } from "../stream/readable-ring.ts";

/** Milliseconds after which one who waits looks by itself, in case a producer was killed while it rang. */
const doubtMs = 500;
/** The same while a record keeps it waiting whose producer may have been killed. */
const rescueMs = 20;
/** A thread that blocks longer could not be terminated meanwhile. */
const longestBlock = 200;

/**
 * The consumer of a {@link SharedRing}; there is one at a time, in all processes. Events are copies of the records. What was read counts
 * as read once its position is published: when a drain ends, when a loop waits or ends, and every 1/32 of the ring. A consumer that comes
 * after one that was killed begins there, so that it may get some records a second time, and misses none. Records that were abandoned
 * are among the discarded ones of a drain's result.
 */
export class SharedConsumer extends ReadableRing<Uint8Array> {
  readonly #shared: SharedMemory;
  readonly #descriptor: Descriptor;
  readonly #consumer: RescuingConsumer;
  readonly #onClose: (consumer: SharedConsumer) => void;

  /** @internal Made by {@link SharedRing.consumer}. */
  constructor(shared: SharedMemory, descriptor: Descriptor, onClose: (consumer: SharedConsumer) => void) {
    shared.slots.claimConsumer(descriptor.fd);
    const consumer = new RescuingConsumer(shared);
    const condition = {
      holds: (late: boolean) => consumer.ready || (late && consumer.waitsForProducer),
      doubt: () => doubtOf(consumer),
    };
    const bell = new LazyBell((onRing) => openSharedBell(shared.dataBell, condition, onRing));
    super({ name: shared.name, consumer, bell });
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#onClose = onClose;
    this.#consumer = consumer;
  }

  /** Records that this consumer passed because their producer had discarded them. */
  override get discarded(): number {
    return super.discarded - this.#consumer.rescued;
  }

  /** Records whose producer was killed before it submitted them, since the ring was made: by all its consumers. */
  get abandoned(): number {
    return this.#consumer.abandoned;
  }

  /**
   * Blocks this thread until there is something to read, for that many milliseconds at most: false when there is nothing. For
   * worker threads; the event loop of the thread stands still meanwhile.
   */
  override waitSync(timeoutMs: number = Infinity): boolean {
    milliseconds()(timeoutMs, "The timeoutMs of waitSync()");
    this.reader.checkFree();
    const { dataBell } = this.#shared;
    const deadline = performance.now() + timeoutMs;
    while (!this.#consumer.ready) {
      const { sequence } = dataBell;
      dataBell.announce();
      const left = deadline - performance.now();
      if (this.#consumer.ready) return true;
      if (left <= 0) return false;
      dataBell.futex.wait(sequence, Math.min(left, doubtOf(this.#consumer), longestBlock));
    }
    return true;
  }

  /** Ends an iteration that is under way, and lets another consumer in. Within a drain's callback it ends the drain and its view. Idempotent. */
  override close(): void {
    if (this.reader.closed) return;
    super.close();
    this.#descriptor.close();
    this.#onClose(this);
  }
}

/** A record that somebody keeps for long is for the stream to know of: when it is told to end it does not wait for that. */
function doubtOf(consumer: RescuingConsumer): number {
  return consumer.waitsForProducer ? rescueMs : doubtMs;
}
