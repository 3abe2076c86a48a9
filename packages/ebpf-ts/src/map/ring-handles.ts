import type { Btf } from "../btf/types.ts";
import type { EngineRing, EngineRingHandle } from "../engine/ring.ts";

/** What the records of a ring are, in a form that another thread can make a decoder of. */
export interface RingRecordType {
  readonly btf: Btf;
  readonly id: number;
}

/** An event ring for another thread of this process (`openRingBuf` of `ebpf-ts/workers`); survives `postMessage`. */
export interface RingBufHandle<T = unknown> {
  readonly ring: EngineRingHandle;
  readonly type: { readonly btf: Uint8Array; readonly id: number } | undefined;
  /** One word: who reads it. */
  readonly reader: SharedArrayBuffer;
  /** Not there: it carries the type of the events. */
  readonly events?: T;
}

/** An event ring in the hands of another kind of consumer (see {@link RingBuf.lend}). */
export interface RingLoan<T> {
  readonly ring: EngineRing;
  readonly type: RingRecordType | undefined;
  decode(offset: number, length: number): T;
  /** Gives the ring back. */
  release(): void;
}

/** The type in a form that survives `postMessage`. */
export function sharedType(type: RingRecordType | undefined): RingBufHandle["type"] {
  return type && { btf: type.btf.bytes, id: type.id };
}
