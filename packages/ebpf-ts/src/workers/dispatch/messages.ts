import type { EngineRingHandle } from "../../engine/ring.ts";
import type { JobTableShape } from "./job-table.ts";
import type { RingRemains } from "../open/ring-remains.ts";

/** What all worker threads are started with. */
export interface WorkerSetup {
  /** URL of the module whose default export is the handler. */
  readonly module: string;
  readonly ring: EngineRingHandle;
  readonly table: JobTableShape;
  /** What the records are decoded as; as bytes without it. */
  readonly type: { readonly btf: Uint8Array; readonly id: number } | undefined;
  /** The handler gets a RecordView. */
  readonly view: boolean;
  readonly data: unknown;
}

/** What one of them is started with. */
export interface WorkerStart extends WorkerSetup {
  readonly index: number;
  /** Of {@link RemainsClaim}. */
  readonly claim: SharedArrayBuffer;
}

/** From the worker. */
export type WorkerMessage =
  /** The ring is open: this is left behind when the thread is terminated. */
  | { readonly kind: "opened"; readonly remains: RingRemains | undefined }
  | { readonly kind: "ready" }
  /** Records were finished. */
  | { readonly kind: "progress" }
  | { readonly kind: "failed"; readonly job: number; readonly error: unknown }
  | { readonly kind: "value"; readonly value: unknown };

/** To the worker: there are new records; there will be no more. */
export type WorkerOrder = "work" | "stop";
