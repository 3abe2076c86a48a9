import type { RingBell } from "../ring/ring-memory.ts";

/** A ring's bell, made when first needed and kept for the next user, since making one may start a thread. */
export class LazyBell {
  readonly #make: (onRing: () => void) => RingBell;
  #bell: RingBell | undefined;
  #onRing: () => void = () => {};
  #armed = false;

  constructor(make: (onRing: () => void) => RingBell) {
    this.#make = make;
  }

  get armed(): boolean {
    return this.#armed;
  }

  /** Asks for one call. While it is awaited, the process is kept alive. */
  arm(onRing: () => void): void {
    this.#onRing = onRing;
    if (this.#armed) return;
    this.#bell ??= this.#make(() => this.#ring());
    this.#armed = true;
    this.#bell.arm();
  }

  /** Nobody waits any more. */
  disarm(): void {
    if (this.#armed) this.close();
  }

  close(): void {
    this.#bell?.close();
    this.#bell = undefined;
    this.#armed = false;
  }

  #ring(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#onRing();
  }
}
