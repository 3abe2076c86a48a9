/** What the handler of a worker gets beside the event. */
export interface WorkerContext {
  /** Index of this worker, from 0. A worker that died is replaced by one with the same index. */
  readonly worker: number;
  /** The option `data`, a structured clone. */
  readonly data: unknown;
  /** Sends a value to the option `onValue` of the thread that reads the ring. */
  send(value: unknown): void;
}

/**
 * Handles one event. It is finished when this returns, or when the promise that it returns is settled; until then its record
 * stays in the ring.
 */
export type WorkerHandler<T> = (event: T, context: WorkerContext) => unknown;

/** A module that handles events, by its path or URL. */
export interface WorkerModule<T = unknown> {
  readonly default: WorkerHandler<T>;
  /** Called once in each worker after its last event. */
  readonly close?: () => unknown;
}
