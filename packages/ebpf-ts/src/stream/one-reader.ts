import { EbpfError } from "../base/errors.ts";

/** Whoever reads a ring for longer than a call. */
export interface RingReader {
  /** The ring is closed. */
  end(): void;
}

/** The place of the only reader of a ring, or of a group of rings: a loop, a drain, another thread. */
export class OneReader {
  readonly #what: string;
  #reader: RingReader | undefined;
  /** To whom, for errors. */
  #lentTo: string | undefined;
  #draining = false;
  #closed = false;

  /** `what` names it in errors: `ring events`. */
  constructor(what: string) {
    this.#what = what;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether it is read by somebody who moves the position from elsewhere. */
  get lent(): boolean {
    return this.#lentTo !== undefined;
  }

  take(reader: RingReader): void {
    this.checkFree();
    this.#reader = reader;
  }

  /** For somebody who moves the ring's position from elsewhere; `to` follows a colon in errors: `worker threads read it`. */
  lend(reader: RingReader, to: string): void {
    this.take(reader);
    this.#lentTo = to;
  }

  /** The reader has ended; false when it was not, or is no longer, that one's. */
  leave(reader: RingReader | undefined = this.#reader): boolean {
    if (this.#reader !== reader) return false;
    this.#reader = undefined;
    this.#lentTo = undefined;
    return true;
  }

  /** Takes it for one call. */
  during<R>(drain: () => R): R {
    this.checkFree();
    this.#draining = true;
    try {
      return drain();
    } finally {
      this.#draining = false;
    }
  }

  /** False when it is closed already. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#reader?.end();
    return true;
  }

  checkFree(): void {
    this.checkOpen();
    if (this.#reader !== undefined) {
      const reason = this.#lentTo ?? "it has a consumer already, end that loop first";
      throw new EbpfError("BUSY", `Cannot read ${this.#what}: ${reason}`);
    }
    if (this.#draining) {
      throw new EbpfError("BUSY", `Cannot read ${this.#what}: it is being drained, and this is that drain's callback`);
    }
  }

  checkOpen(): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot read ${this.#what}: it is closed`);
  }
}
