/** Events out: RingBuf, PerfEventArray, SharedConsumer, their streams and batches. */
import type {
  BlockingDrainOptions,
  Collection,
  ColumnOf,
  ColumnOptions,
  DrainOptions,
  DrainResult,
  EventsOptions,
  Fields,
  NumberColumn,
  PerfBatch,
  PerfDrainResult,
  PerfEvent,
  PerfEventArray,
  RecordBatch,
  RecordStream,
  RecordView,
  RingBuf,
  RingBufHandle,
  TextColumn,
} from "ebpf-ts";
import type { OverwriteConsumer, RingConsumer } from "ebpf-ts/ring";
import type { SharedConsumer } from "ebpf-ts/shared-ring";
import type { Hold, Same } from "./same.ts";

interface Event {
  readonly pid: number;
  readonly time: bigint;
}

declare const bpf: Collection;
declare const ring: RingBuf<Event>;
declare const perf: PerfEventArray<Event>;
declare const shared: SharedConsumer;
declare const bare: RingConsumer | OverwriteConsumer;

/** What every reader is. */
interface Reader<T, Batch> extends AsyncIterable<T> {
  events(options?: EventsOptions): RecordStream<T>;
  batches(options?: EventsOptions): RecordStream<Batch>;
  drain(callback: (record: RecordView) => boolean | void | number, options?: DrainOptions): DrainResult;
  readonly received: number;
  readonly available: number;
  close(): void;
}

export const readers: readonly [
  Reader<Event, RecordBatch<Event>>,
  Reader<PerfEvent<Event>, PerfBatch<Event>>,
  Reader<Uint8Array, RecordBatch<Uint8Array>>,
] = [ring, perf, shared];

export type Readers = Hold<
  [
    Same<ReturnType<RingBuf<Event>["events"]>, RecordStream<Event>>,
    Same<ReturnType<PerfEventArray<Event>["events"]>, RecordStream<PerfEvent<Event>>>,
    Same<ReturnType<SharedConsumer["events"]>, RecordStream<Uint8Array>>,
    Same<Parameters<RingBuf["drain"]>[1], DrainOptions | undefined>,
    Same<Parameters<PerfEventArray["drain"]>[1], DrainOptions | undefined>,
    Same<Parameters<SharedConsumer["drain"]>[1], DrainOptions | undefined>,
    Same<Parameters<RingBuf["drainBlocking"]>[1], BlockingDrainOptions | undefined>,
    Same<Parameters<SharedConsumer["drainBlocking"]>[1], BlockingDrainOptions | undefined>,
    Same<ReturnType<RingBuf["drain"]>, DrainResult>,
    Same<ReturnType<SharedConsumer["drain"]>, DrainResult>,
    Same<ReturnType<RingConsumer["drain"]>, DrainResult>,
    Same<ReturnType<PerfEventArray["drain"]>, PerfDrainResult>,
    PerfDrainResult extends DrainResult ? true : false,
    Same<DrainResult["state"], "empty" | "busy" | "stopped" | "limit">,
    Same<Event extends Awaited<ReturnType<RecordStream<Event>["next"]>>["value"] ? true : false, true>,
    Same<RingBufHandle<Event> extends RingBufHandle<string> ? true : false, false>,
  ]
>;

export async function loops(): Promise<void> {
  for await (const event of ring) event.time satisfies bigint;
  for await (const batch of ring.batches({ until: Promise.resolve() })) {
    for (const record of batch) record.u64(0) satisfies bigint;
    for (const event of batch.events()) event.pid satisfies number;
  }
  for await (const { cpu, event } of perf) (cpu satisfies number) + event.pid;
  for await (const batch of perf.batches())
    for (const event of batch.events()) (batch.cpu satisfies number) + event.pid;
  for await (const bytes of shared) bytes satisfies Uint8Array;
  const { value } = await ring.events().next();
  value?.pid satisfies number | undefined;
  // @ts-expect-error -- it may be over
  value.pid;
  for await (const event of bpf.ringBuf("events")) event satisfies Fields;
  for await (const event of bpf.ringBuf<Event>("events", { type: "event" })) event satisfies Event;
  for await (const { event } of bpf.perfEventArray<Event>("events", { pages: 8 })) event satisfies Event;
}

interface Nested {
  readonly task: { readonly pid: number; readonly comm: string };
  readonly counts: readonly number[];
  readonly address: Uint8Array;
  readonly state: "RUNNING" | "STOPPED" | number;
  readonly ok: boolean;
  readonly times: readonly bigint[];
}
declare const nested: RecordBatch<Nested>;
declare const untyped: RecordBatch<unknown>;

export async function columns(): Promise<void> {
  for await (const batch of ring.batches()) {
    const { pid, time } = batch.columns(["pid", "time"]);
    [pid, time] satisfies [NumberColumn, Float64Array];
    batch.columns(["time"], { wide: "bigint" }).time satisfies BigInt64Array | BigUint64Array;
    batch.columns(["time"], { wide: "halves" }).time satisfies Uint32Array;
    batch.columns().pid satisfies NumberColumn;
    // @ts-expect-error -- no such member
    batch.columns(["pidd"]);
    // @ts-expect-error -- not asked for
    batch.columns(["pid"]).time;
    // @ts-expect-error -- no such option
    batch.columns(["pid"], { wide: "double" });
  }
  for await (const batch of perf.batches()) batch.columns(["time"]).time satisfies Float64Array;
  const found = nested.columns(["task.pid", "task.comm", "counts", "address", "state", "ok", "times"]);
  found["task.pid"] satisfies NumberColumn;
  found["task.comm"] satisfies TextColumn;
  found.counts satisfies NumberColumn;
  found.address satisfies Uint8Array;
  found.state satisfies NumberColumn;
  found.ok satisfies NumberColumn;
  found.times satisfies Float64Array;
  // @ts-expect-error -- a struct is none
  nested.columns(["task"]);
  untyped.columns(["anything"]).anything satisfies ColumnOf<unknown, ColumnOptions>;
}

export function drains(): void {
  const { delivered, discarded, state } = ring.drain((record) => record.u32(0) > 0, { max: 1, budgetMs: 2 });
  [delivered, discarded, state] satisfies [number, number, string];
  perf.drain((record, cpu) => record.length > cpu).lost satisfies number;
  const sizes: number[] = [];
  ring.drain((record) => sizes.push(record.length));
  bare.drain((data, offset, length) => data[offset]! > length, { rescan: false, max: 1 });
  // @ts-expect-error -- only a bare ring can be scanned again
  ring.drain(() => {}, { rescan: true });
  // @ts-expect-error -- the time to wait is for those that block
  ring.drain(() => {}, { timeoutMs: 1 });
  ring.drainBlocking(() => {}, { timeoutMs: 1, max: 2 });
  // @ts-expect-error -- a number
  ring.drain(() => {}, { max: "1" });
  // @ts-expect-error -- text is no answer
  ring.drain(() => "no");
  // @ts-expect-error -- records are looked at, not written: a store would end the process
  ring.drain((record) => record.u8.set(0, 1));
}

export async function injects(): Promise<void> {
  await ring.inject({ pid: 1, time: 2n }, { wait: true, timeoutMs: 10 });
  await ring.inject(new Uint8Array(16));
  (await ring.injectMany([{ pid: 1, time: 2n }, new Uint8Array(16)])) satisfies number;
  (await ring.injectFill(3, 16, (view, offset, index) => view.setUint32(offset, index, true))) satisfies number;
  // @ts-expect-error -- 64 bits are a bigint
  await ring.inject({ pid: 1, time: 2 });
  // @ts-expect-error -- no such option
  await ring.injectMany([], { timeout: 10 });
}
