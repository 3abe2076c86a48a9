import { yieldTurn } from "../../base/yield-turn.ts";

/** A time that is allowed without progress, from when it begins. Keeps the process alive meanwhile. */
export class Grace {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #stopped = false;

  /** `ms` may be infinite. */
  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
  }

  /** Idempotent. */
  begin(): void {
    if (this.#timer !== undefined || this.#stopped || this.#ms === Infinity) return;
    this.#timer = setTimeout(this.#onTimer, this.#ms);
  }

  /** There is progress: it begins anew, if it has begun. */
  renew(): void {
    this.#over = false;
    if (!this.#stopped) this.#timer?.refresh();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A thread that was busy fires its timers before it comes to the messages that tell of progress. */
  readonly #onTimer = (): void => {
    this.#over = true;
    yieldTurn(() => {
      if (this.#over && !this.#stopped) this.#onOver();
    });
  };
}
