import { EbpfError } from "../../base/errors.ts";
import { type Checks, checkOptions } from "../../base/check-options.ts";
import {
  aBoolean,
  aFunction,
  anything,
  aPath,
  aPromise,
  aSignal,
  type Check,
  integer,
  longestTimer,
  milliseconds,
  oneOf,
  wrongKind,
} from "../../base/checks.ts";
import { filePathOf, fileKind, moduleUrlOf } from "../../host/named-files.ts";
import { cpuCount } from "../../host/threads/cpu-count.ts";
import type { RecordBytes } from "./record-key.ts";

/** How many threads, which of them gets an event, and what becomes of errors and of what they send. */
export interface WorkerDispatchOptions<T> {
  /** Threads; by default as many as there are cores. */
  readonly workers?: number | undefined;
  /** `any` (the default): whoever is free takes the next event. `by-key`: events of one {@link key} are handled by one worker, in order. */
  readonly order?: "any" | "by-key" | undefined;
  /** For `by-key`: a field of the record's type, such as `pid` or `task.tgid`, or the bytes of the record. */
  readonly key?: string | RecordBytes | undefined;
  /** Events that are under way at once, at most: those that are handled, and those that wait for a worker. By default 1024. */
  readonly queue?: number | undefined;
  /** Hands the worker a RecordView of the record where it stands, in place of a decoded event. */
  readonly view?: boolean | undefined;
  /** For the workers, as `context.data`. */
  readonly data?: unknown;
  /**
   * Milliseconds that workers have at the end, counted from the last event that one of them finished: by default 10,000. Then the
   * threads that still are at an event (or at `close` of their module) are terminated, and it rejects with WORKER; `Infinity` waits.
   */
  readonly graceMs?: number | undefined;
  /** When aborted, no more events are taken; those that were begun are finished. It then ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** When settled either way, it goes on up to the records that are there at that time, and ends. */
  readonly until?: PromiseLike<unknown> | undefined;
  /**
   * Gets what a handler threw (or the decoder, then without an event), and goes on, unless it returns `stop` or throws. Without it
   * the first error stops. It may answer with a promise.
   */
  readonly onError?: ((error: unknown, event: T | undefined) => void | "stop" | PromiseLike<void | "stop">) | undefined;
  /** Gets what a handler passed to `context.send`. What it throws, or rejects its promise with, stops it all. */
  readonly onValue?: ((value: unknown, worker: number) => unknown) | undefined;
  /** A worker died and is replaced. The event that it was at is handled once more, by its replacement. What it throws stops it all. */
  readonly onDeath?: ((error: EbpfError) => unknown) | undefined;
}

/** What `dispatchToWorkers` has done: every event that was begun is in one of the first two. */
export interface WorkerDispatchResult {
  readonly handled: number;
  readonly failed: number;
  /** Workers that died and were replaced. */
  readonly deaths: number;
}

const maxWorkers = 254;
const defaultQueue = 1024;
const defaultGraceMs = 10_000;
/** The fewer slots there are, the sooner their generations come round (job-table.ts). */
const minSlots = 64;
const maxSlots = 2 ** 20;

export interface WorkerLimits {
  readonly workers: number;
  readonly queue: number;
  /** A power of two. */
  readonly slots: number;
  readonly graceMs: number;
}

/** Details of the bytes are for {@link keyBytes}, which knows the record. */
const aKey: Check = (value, what) => {
  if (typeof value !== "string" && (typeof value !== "object" || value === null))
    throw wrongKind(what, "the name of a field, or { offset, size }", value);
};

const checks: Checks<WorkerDispatchOptions<never>> = {
  workers: integer(1, maxWorkers),
  order: oneOf("any", "by-key"),
  key: aKey,
  queue: integer(1, maxSlots),
  view: aBoolean,
  data: anything,
  graceMs: (value, what) => {
    if (value !== Infinity) milliseconds(longestTimer)(value, what);
  },
  signal: aSignal,
  until: aPromise,
  onError: aFunction,
  onValue: aFunction,
  onDeath: aFunction,
};

export function workerLimits(options: WorkerDispatchOptions<never>): WorkerLimits {
  checkOptions(options, checks, "dispatchToWorkers()");
  const { order = "any", key, workers = cpuCount(), queue = defaultQueue } = options;
  if ((order === "by-key") !== (key !== undefined)) {
    throw new TypeError('The option key of dispatchToWorkers() belongs to order "by-key": give both or neither');
  }
  return {
    workers,
    queue,
    slots: 2 ** Math.ceil(Math.log2(Math.max(queue, minSlots))),
    graceMs: options.graceMs ?? defaultGraceMs,
  };
}

export function moduleUrl(module: string | URL): string {
  if (!(module instanceof URL)) aPath(module, "The module of dispatchToWorkers()");
  const url = module instanceof URL ? module : new URL(moduleUrlOf(module));
  if (url.protocol === "file:") refuseOther(filePathOf(url));
  return url.href;
}

/** The runtime waits in open(2) for the other end of a pipe: a thread that imports one could not even be terminated. */
function refuseOther(path: string): void {
  if (fileKind(path) !== "other") return;
  throw new EbpfError("WORKER", `Cannot start workers with ${path}: it is neither a file nor a folder`);
}
