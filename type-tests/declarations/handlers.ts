/** Several events at a time: dispatch, dispatchToWorkers, merge. */
import {
  dispatch,
  type DispatchResult,
  type EventHandler,
  merge,
  type MergedStream,
  type RingBuf,
  type RingBufHandle,
  type UserRingBuf,
  type UserRingBufHandle,
} from "ebpf-ts";
import {
  dispatchToWorkers,
  openRingBuf,
  openUserRingBuf,
  type WorkerDispatchResult,
  type WorkerHandler,
  type WorkerModule,
} from "ebpf-ts/workers";
import type { Hold, Same } from "./same.ts";

interface Event {
  readonly pid: number;
}

declare const ring: RingBuf<Event>;
declare const names: AsyncIterable<string>;
declare const handle: RingBufHandle<Event>;
declare const userHandle: UserRingBufHandle<Event>;

export async function dispatches(): Promise<void> {
  (await dispatch(ring, (event) => event.pid, {
    concurrency: 8,
    order: "by-key",
    key: (event) => event.pid,
    onResult: (pid, event) => (pid satisfies number) === event.pid,
    onError: (_error, event) => (event.pid > 1 ? "stop" : undefined),
  })) satisfies DispatchResult;
  await dispatch(names, async (name) => name.length, {
    concurrency: 1,
    // What the promise gives, not the promise.
    onResult: (length) => void (length satisfies number),
  });
  await dispatch(ring, (_event, { signal }) => void (signal satisfies AbortSignal), { concurrency: 1 });
  // @ts-expect-error -- how many at once has to be said
  await dispatch(ring, () => {}, {});
  // @ts-expect-error -- the handler gets the ring's events
  await dispatch(ring, (event: string) => event, { concurrency: 1 });
  // @ts-expect-error -- one of three
  await dispatch(ring, () => {}, { concurrency: 1, order: "key" });
}

export async function workers(): Promise<void> {
  (await dispatchToWorkers(ring, new URL("./handler.js", "file:///"), {
    workers: 2,
    key: { offset: 0, size: 4 },
    order: "by-key",
    onError: (_error, event) => void (event satisfies Event | undefined),
    onValue: (value, worker) => [value satisfies unknown, worker satisfies number],
  })) satisfies WorkerDispatchResult;
  // @ts-expect-error -- a module, not a function: it runs in another thread
  await dispatchToWorkers(ring, (event: Event) => event.pid);
  (await openRingBuf(handle)) satisfies RingBuf<Event>;
  (await openUserRingBuf(userHandle)) satisfies UserRingBuf<Event>;
  // @ts-expect-error -- the other kind of ring
  await openRingBuf(userHandle);
}

export const module: WorkerModule<Event> = {
  default: (event, { send, worker }) => send([event.pid, worker]),
};

export async function merges(): Promise<void> {
  for await (const value of merge([ring.events(), names])) value satisfies Event | string;
  // @ts-expect-error -- streams, not values
  merge([1, 2]);
}

export type Handlers = Hold<
  [
    Same<Parameters<EventHandler<Event>>[0], Event>,
    Same<Parameters<WorkerHandler<Event>>[0], Event>,
    Same<ReturnType<typeof merge<RingBuf<Event>>>, MergedStream<Event>>,
    Same<Awaited<ReturnType<MergedStream<Event>["next"]>>, IteratorResult<Event, undefined>>,
  ]
>;
