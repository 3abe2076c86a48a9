import type { RingBell } from "../ring/ring-memory.ts";
import type { Doorbell } from "./doorbell.ts";
import { type FutexWatch, watchFutex } from "./futex-thread.ts";

/** What a bell rings for. */
export interface BellCondition {
  /** Whether to ring, as the ring stands now; `late` after a doubt. What it throws is for those who are woken to find. */
  holds(late: boolean): boolean;
  /** Milliseconds until it is to be asked again though nobody rang, because whoever should ring may have been killed. */
  doubt(): number;
}

/** The bell of one side of a shared ring, for this thread's event loop. */
export function openSharedBell(door: Doorbell, condition: BellCondition, onRing: () => void): RingBell {
  return new SharedBell(door, condition, onRing);
}

class SharedBell implements RingBell {
  readonly #door: Doorbell;
  readonly #condition: BellCondition;
  readonly #onRing: () => void;
  readonly #watch: FutexWatch;
  #armed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(door: Doorbell, condition: BellCondition, onRing: () => void) {
    this.#door = door;
    this.#condition = condition;
    this.#onRing = onRing;
    this.#watch = watchFutex(door.futex, () => this.#look(false));
  }

  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#watch.hold();
    // Not at once: whoever arms is not done yet.
    if (this.#holds(false)) setImmediate(() => this.#look(false));
  }

  close(): void {
    this.#disarm();
    this.#watch.close();
  }

  #look(late: boolean): void {
    if (!this.#armed || !this.#holds(late)) return;
    this.#disarm();
    this.#onRing();
  }

  /** Looks at the ring after having announced a sleep: what comes later rings. */
  #holds(late: boolean): boolean {
    clearTimeout(this.#timer);
    this.#door.announce();
    if (holds(this.#condition, late)) return true;
    this.#timer = setTimeout(() => this.#look(true), this.#condition.doubt());
    this.#timer.unref();
    return false;
  }

  #disarm(): void {
    this.#armed = false;
    this.#watch.letGo();
    clearTimeout(this.#timer);
  }
}

function holds(condition: BellCondition, late: boolean): boolean {
  try {
    return condition.holds(late);
  } catch {
    return true;
  }
}
