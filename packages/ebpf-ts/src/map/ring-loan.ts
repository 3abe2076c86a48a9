import type { EngineRing } from "../engine/ring.ts";
import type { RingRecordType } from "./record-type.ts";

/**
 * An event ring in the hands of another kind of consumer (see {@link RingBuf.lend}).
 *
 * @opaque
 */
export interface RingLoan<T> {
  readonly ring: EngineRing;
  readonly type: RingRecordType | undefined;
  /** The event that stands there. */
  decode(offset: number, length: number): T;
  /** Gives the ring back. */
  release(): void;
}
