import { EbpfError } from "../../base/errors.ts";
import { func } from "./libc.ts";
import { takenOver } from "./thread-file.ts";

/** What every open descriptor is, by its number: tests ask whether it is empty again. */
const open = new Map<number, string>();

/** Names of the descriptors that this module still holds open. */
export function openDescriptors(): readonly string[] {
  return [...open.values()];
}

/**
 * A file descriptor of this process. It is closed once; used afterwards it is an error, never somebody else's file.
 * Nothing closes it by itself: a program would be detached behind the back of who only kept its events. It ends with the worker thread that has
 * it (thread-file.ts), for which it may get another number than it was given.
 */
export class Descriptor {
  #fd: number;
  readonly #what: string;
  readonly #close: (fd: number) => void;
  /** Calls on other threads that are under way. */
  #held = 0;
  #closed = false;

  /** `what` names it in errors: `map events`. `close` is for those that the runtime opened, and wants to close itself. */
  constructor(fd: number, what: string, close?: (fd: number) => void) {
    const file = close === undefined ? (takenOver(fd) ?? { fd, close: closeNative() }) : { fd, close };
    this.#fd = file.fd;
    this.#what = what;
    this.#close = file.close;
    open.set(file.fd, what);
  }

  get fd(): number {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot use ${this.#what}: it is closed`);
    return this.#fd;
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /**
   * For a call on another thread, which may not have begun when the descriptor is closed: the number would be another file's by then. It is
   * closed for everybody else, and given back when the call is over.
   */
  async during<T>(call: (fd: number) => Promise<T>): Promise<T> {
    const { fd } = this;
    this.#held += 1;
    try {
      return await call(fd);
    } finally {
      this.#held -= 1;
      if (this.#closed) this.#giveBack();
    }
  }

  /** Idempotent. Linux frees the number also when close(2) fails, so it is never tried again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveBack();
  }

  #giveBack(): void {
    const fd = this.#fd;
    if (this.#held > 0 || fd < 0) return;
    this.#fd = -1;
    open.delete(fd);
    this.#close(fd);
  }
}

/** Looked up when a descriptor is opened: a thread that is being terminated can call it, but no longer look it up. */
function closeNative(): (fd: number) => void {
  return func("int close(int fd)");
}
