import type { EngineRing } from "../engine/ring.ts";
import { type Pinnable, pinObject, unpinObject } from "../engine/pinnable.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { ownThread } from "../base/thread-lives.ts";
import type { SharedAccess } from "../memory/shared-access.ts";
import { RingProducer } from "../ring/producer.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { type RingRecordType, sharedType } from "./record-type.ts";
import type { UserRingBufHandle } from "./ring-handles.ts";
import { RingTurns } from "./send/ring-turns.ts";
import { SampleBatches } from "./send/sample-batches.ts";
import { noEncoder, type SampleEncoder } from "./send/sample-encoder.ts";
import { SampleWriter } from "./send/sample-writer.ts";
import { watchedBell } from "./send/watched-bell.ts";
import { WritableRing } from "../stream/writable-ring.ts";

export interface UserRingBufOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** Samples are plain bytes when it is left out. */
  readonly encoder?: SampleEncoder<T> | undefined;
  /** The type that the encoder writes, for other threads. */
  readonly type?: (() => RingRecordType | undefined) | undefined;
  /** What this ring shares with other threads that write it. */
  readonly access?: SharedAccess | undefined;
  /** What is pinned; none where this thread has the memory alone. */
  readonly pinnable?: Pinnable | undefined;
  readonly onClose?: (() => void) | undefined;
}

/**
 * The ring that user space writes and programs drain with `bpf_user_ringbuf_drain` (BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1).
 * Sending never waits: it throws NO_SPACE when the programs lag behind, or use {@link trySend} or {@link reserveWhenFree}.
 */
export class UserRingBuf<T = unknown> extends WritableRing {
  readonly #turns: RingTurns;
  readonly #writer: SampleWriter<T>;
  readonly #batches: SampleBatches<T>;
  readonly #type: UserRingBufOptions<T>["type"];
  readonly #share: EngineRing["share"];
  readonly #pinnable: Pinnable | undefined;
  readonly #onClose: (() => void) | undefined;

  /** @internal Made by the collection. */
  constructor({ name, ring, encoder, type, access, pinnable, onClose }: UserRingBufOptions<T>) {
    // Whose a sample is: no program reads the word.
    const producer = new RingProducer(ring.memory, name, ownThread());
    const turns = new RingTurns(name, ring.memory, access);
    const bell = new LazyBell((onRing) =>
      watchedBell(
        (call) => ring.bell(call),
        onRing,
        () => turns.shared,
        () => turns.look(),
      ),
    );
    super({ name, producer, bell });
    this.#turns = turns;
    this.#writer = new SampleWriter(producer, turns, encoder ?? noEncoder(name));
    this.#batches = new SampleBatches(producer, turns, this.#writer);
    this.#type = type;
    this.#share = ring.share?.bind(ring);
    this.#pinnable = pinnable;
    this.#onClose = onClose;
  }

  /**
   * Samples that threads which share the ring had reserved, and were terminated before they submitted them: they are discarded by who
   * writes the ring next. By all threads.
   */
  get abandoned(): number {
    return this.#turns.abandoned;
  }

  /**
   * Throws NO_SPACE when the ring is full, BAD_VALUE when the value does not fit the type. A `Uint8Array` is sent as it is, also where the
   * samples have a type; so it is in all that sends.
   */
  send(value: T | Uint8Array): void {
    this.#writer.send(value);
  }

  /** False when the ring is full. */
  trySend(value: T | Uint8Array): boolean {
    return this.#writer.trySend(value);
  }

  /**
   * Sends the values in their order, up to the first that finds no room; gives how many were sent. Programs see them all at
   * once. When one cannot be sent at all, those before it are, and it throws, and says which. Meanwhile nobody else can write the ring.
   *
   * Where the ring is shared with other threads, this is so for up to 256 values at a time, which are taken from the iterable before:
   * whatever it does, it holds up no other thread; getters of the values do. Up to 255 more may be taken then than find room.
   */
  sendMany(values: Iterable<T | Uint8Array>): number {
    return this.#batches.sendMany(values);
  }

  /**
   * Sends up to `count` samples of `size` bytes that `write` fills in place: no object is encoded or copied, which makes it the fastest way. The
   * offset is where the sample begins in the view; what is not written keeps what an earlier sample left there. Like {@link sendMany},
   * it gives how many found room, programs see them all at once, and when `write` throws, those before its sample are sent.
   *
   * `write` must not write the ring itself (BUSY). Where the ring is shared, other threads wait meanwhile, 10 seconds at most: it
   * must not wait for one of them.
   */
  fill(count: number, size: number, write: (view: DataView, offset: number, index: number) => void): number {
    return this.#batches.fill(count, size, write);
  }

  /** Keeps the ring alive under a path of a bpffs (kernel engine), one at a time (BUSY). */
  pin(path: string): void {
    if (this.closed) throw new EbpfError("CLOSED", `Cannot pin ring ${this.name}: it is closed`);
    pinObject(this.#pinnable, path, `ring ${this.name}`);
  }

  /** Takes the pin away that {@link pin} or loading made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    if (this.closed) throw new EbpfError("CLOSED", `Cannot unpin ring ${this.name}: it is closed`);
    unpinObject(this.#pinnable, `ring ${this.name}`);
  }

  /**
   * What a worker thread opens the same ring with (`openUserRingBuf` of `ebpf-ts/workers`), while this one is open. From then on
   * writers take turns: a few nanoseconds more a sample.
   */
  share(): UserRingBufHandle<T> {
    if (this.closed) throw new EbpfError("CLOSED", `Cannot share ring ${this.name}: it is closed`);
    if (this.#share === undefined) {
      throw new NotSupportedError(
        "share",
        `Cannot share ring ${this.name}: its engine cannot open it in another thread`,
      );
    }
    const access = this.#turns.share();
    const ring = this.#share();
    return { ring, access, type: sharedType(this.#type?.()) };
  }

  /** Discards the samples that are still open, and ends the waits for room. Idempotent. */
  override close(): void {
    if (this.closed) return;
    super.close();
    this.#turns.close();
    this.#onClose?.();
  }

  protected override placeFor(size: number): number {
    return this.#writer.tryReserve(size);
  }
}
