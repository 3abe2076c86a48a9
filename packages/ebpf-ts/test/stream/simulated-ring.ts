import type { EngineRing } from "../../src/engine/ring.ts";
import type { RingBell } from "../../src/ring/ring-memory.ts";
import { KernelRing, makeMemory, type KernelRecord, type TestMemory } from "../ring/kernel-model.ts";

/** An engine's ring with a level-triggered, one-shot bell, as the contract has it. An armed bell keeps the process alive. */
abstract class SimulatedRing implements EngineRing {
  readonly memory: TestMemory;
  readonly #bells = new Set<{ ring(): void }>();
  bellsMade = 0;
  bellsOpen = 0;

  constructor(size: number) {
    this.memory = makeMemory(size);
  }

  abstract holds(): boolean;

  bell(onRing: () => void): RingBell {
    this.bellsMade += 1;
    this.bellsOpen += 1;
    let alive: NodeJS.Timeout | undefined;
    let due: NodeJS.Immediate | undefined;
    let open = true;
    const disarm = (): void => {
      clearInterval(alive);
      alive = undefined;
    };
    const bell = {
      ring: () => {
        if (alive === undefined) return;
        due ??= setImmediate(() => {
          due = undefined;
          disarm();
          onRing();
        });
      },
    };
    this.#bells.add(bell);
    return {
      arm: () => {
        alive ??= setInterval(() => {}, 1000);
        if (this.holds()) bell.ring();
      },
      close: () => {
        if (!open) return;
        open = false;
        this.bellsOpen -= 1;
        disarm();
        if (due !== undefined) clearImmediate(due);
        this.#bells.delete(bell);
      },
    };
  }

  wake(): void {
    for (const bell of this.#bells) bell.ring();
  }
}

/** The kernel writes, with adaptive wake-ups. */
export class SimulatedEventRing extends SimulatedRing {
  readonly kernel: KernelRing;

  constructor(size = 4096) {
    super(size);
    this.kernel = new KernelRing(this.memory);
  }

  holds(): boolean {
    return this.memory.consumer[0] !== this.memory.producer[0];
  }

  reserve(number: number, length = 8): KernelRecord {
    const record = this.kernel.reserve(length);
    if (record === undefined) throw new Error("The ring is full");
    new DataView(this.memory.data.buffer, this.memory.data.byteOffset).setUint32(record.offset, number, true);
    return record;
  }

  commit(record: KernelRecord, discard = false): void {
    if (this.kernel.commit(record, discard)) this.wake();
  }

  emit(...numbers: number[]): void {
    for (const number of numbers) this.commit(this.reserve(number));
  }
}

/** The kernel drains; the bell rings for any room. */
export class SimulatedUserRing extends SimulatedRing {
  constructor(size = 4096) {
    super(size);
  }

  holds(): boolean {
    return this.memory.producer[0]! - this.memory.consumer[0]! < BigInt(this.memory.size);
  }
}
