import { EbpfError } from "../../base/errors.ts";
import { bytesForThreads } from "../../base/shared-bytes.ts";
import { SharedAccess, sharedAccessBytes } from "../../memory/shared-access.ts";

/**
 * Whose turn it is to write a user ring: in this thread one call at a time (a batch calls functions of the user's, which may try to write
 * as well), and, from when the ring is shared, one thread at a time.
 */
export class RingTurns {
  readonly #name: string;
  readonly #ownsAccess: boolean;
  #access: SharedAccess | undefined;
  #batching = false;

  /** `access` is of a ring that another thread shares. */
  constructor(name: string, access: SharedAccess | undefined) {
    this.#name = name;
    this.#access = access;
    this.#ownsAccess = access === undefined;
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
    this.#access ??= new SharedAccess(bytesForThreads(sharedAccessBytes, `share ring ${this.#name}`));
    return this.#access.buffer;
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
    access.acquire();
  }

  #busy(): EbpfError {
    return new EbpfError(
      "BUSY",
      `Cannot write ring ${this.#name}: a batch is being sent to it, which nothing else may interrupt`,
    );
  }
}
