import { EbpfError } from "../../base/errors.ts";
import { bytesForThreads } from "../../base/shared-bytes.ts";
import { SharedAccess, sharedAccessBytes } from "../../memory/shared-access.ts";
import type { RingMemory } from "../../ring/ring-memory.ts";
import { AbandonedSamples } from "./abandoned-samples.ts";

/**
 * Whose turn it is to write a user ring: in this thread one call at a time (a batch calls functions of the user's, which may try to write
 * as well), and, from when the ring is shared, one thread at a time. Of a thread that was terminated in its turn another takes that over:
 * what it had staged nobody has seen, and what it had reserved is discarded.
 */
export class RingTurns {
  readonly #name: string;
  readonly #memory: RingMemory;
  readonly #ownsAccess: boolean;
  #access: SharedAccess | undefined;
  #abandoned: AbandonedSamples | undefined;
  #batching = false;

  /** `access` is of a ring that another thread shares. */
  constructor(name: string, memory: RingMemory, access: SharedAccess | undefined) {
    this.#name = name;
    this.#memory = memory;
    this.#ownsAccess = access === undefined;
    if (access !== undefined) this.#use(access);
  }

  /** Samples that threads had reserved which were ended before they submitted them. */
  get abandoned(): number {
    return this.#abandoned?.count ?? 0;
  }

  /** False while nobody else can write: then there is no need to {@link begin}. */
  get needed(): boolean {
    return this.#batching || this.#access !== undefined;
  }

  get shared(): boolean {
    return this.#access !== undefined;
  }

  /** What the other threads take their turns with. A batch that is under way has not taken one. */
  share(): SharedArrayBuffer {
    if (this.#batching && this.#access === undefined) throw this.#busy();
    const action = `share ring ${this.#name}`;
    const access = this.#access ?? new SharedAccess(bytesForThreads(sharedAccessBytes, action), `ring ${this.#name}`);
    if (this.#access === undefined) this.#use(access);
    return access.buffer;
  }

  /** Takes the turn if that is possible, only to see whether somebody who is gone keeps the programs waiting. */
  look(): void {
    if (this.#access === undefined || this.#batching || this.#access.isMine || !this.#memory.open) return;
    try {
      this.begin();
    } catch {
      return; // The next one who writes is told that somebody is stuck.
    }
    this.end();
  }

  /** Takes the turn for one write: `end()` must follow. Throws BUSY to what a batch of this thread calls. */
  begin(): void {
    if (this.#batching) throw this.#busy();
    if (this.#access !== undefined) this.#acquire(this.#access);
  }

  end(): void {
    this.#access?.release();
  }

  /** Neither another thread nor what the batch calls writes the ring meanwhile. */
  exclusively(send: () => number): number {
    return this.undisturbed(() => this.locked(send));
  }

  /** What the batch calls does not write the ring meanwhile. */
  undisturbed(send: () => number): number {
    if (this.#batching) throw this.#busy();
    this.#batching = true;
    try {
      return send();
    } finally {
      this.#batching = false;
    }
  }

  locked(send: () => number): number {
    if (this.#access !== undefined) this.#acquire(this.#access);
    try {
      return send();
    } finally {
      this.end();
    }
  }

  close(): void {
    if (this.#ownsAccess) this.#access?.close();
  }

  /** The same ring may have been opened twice in this thread: waiting for oneself would never end. */
  #acquire(access: SharedAccess): void {
    if (access.isMine) throw this.#busy();
    if (access.acquire()) this.#abandoned?.recover();
    else this.#abandoned?.look();
  }

  #use(access: SharedAccess): void {
    this.#access = access;
    this.#abandoned = new AbandonedSamples(this.#memory, access.abandoned);
  }

  #busy(): EbpfError {
    return new EbpfError(
      "BUSY",
      `Cannot write ring ${this.#name}: a batch is being sent to it, which nothing else may interrupt`,
    );
  }
}
