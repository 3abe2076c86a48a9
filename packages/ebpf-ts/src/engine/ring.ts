import type { RingBell, RingMemory } from "../ring/ring-memory.ts";
import type { EngineName } from "./engine-name.ts";
import type { Injector } from "./injector.ts";

/** A ring as an engine has it: its memory, and how to sleep beside it. */
export interface EngineRing {
  readonly memory: RingMemory;
  /** Rings when there is data (event ring) or room (user ring). */
  bell(onRing: () => void): RingBell;
  /**
   * Event ring: what writes into it from user space, for records of up to `size` bytes. It replaces the one before, and is
   * closed with the collection.
   */
  injector?(size: number): Promise<Injector>;
  /** Event ring: blocks this thread until there is data to read, at most so many milliseconds. False when the time is up. */
  waitSync?(timeoutMs: number): boolean;
  /** Event ring: how many records of programs found no room so far, where the engine counts them. */
  refused?(): number;
  /** What another thread of this process opens the same ring with, while the collection is open (`openSharedRing`). */
  share?(): EngineRingHandle;
}

/** Survives `postMessage`; the rest of it is the engine's own business. */
export interface EngineRingHandle {
  readonly engine: EngineName;
  readonly name: string;
  /** MapType.RINGBUF or MapType.USER_RINGBUF: who opens one as the other would write pages that are mapped read-only. */
  readonly type: number;
}

/** A ring that was opened a second time, by another thread. */
export interface OpenedRing {
  readonly ring: EngineRing;
  close(): void;
}
