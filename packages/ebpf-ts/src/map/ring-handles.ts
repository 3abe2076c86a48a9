import type { EngineRingHandle } from "../engine/ring.ts";
import type { SharedRecordType } from "./record-type.ts";

/**
 * An event ring for another thread of this process (`openRingBuf` of `ebpf-ts/workers`); survives `postMessage`.
 *
 * @opaque
 */
export interface RingBufHandle<T = unknown> {
  readonly ring: EngineRingHandle;
  readonly type: SharedRecordType | undefined;
  /** One word: who reads it. */
  readonly reader: SharedArrayBuffer;
  /** Not there: it carries the type of the events. */
  readonly events?: T;
}

/**
 * A user ring for another thread of this process (`openUserRingBuf` of `ebpf-ts/workers`); survives `postMessage`.
 *
 * @opaque
 */
export interface UserRingBufHandle<T = unknown> {
  readonly ring: EngineRingHandle;
  readonly access: SharedArrayBuffer;
  readonly type: SharedRecordType | undefined;
  /** Not there: it carries the type of the samples. */
  readonly samples?: T;
}
