/**
 * A worker thread: it opens the ring's memory itself, takes records from the job table, and hands each to the handler of the
 * user's module. It sleeps in its event loop, so that what a handler has started in the background goes on.
 */
import { makeDecoder } from "../../btf/codec/decoder.ts";
import { reopenBtf } from "../../btf/validate-btf.ts";
import { endWithin, onOrder, report, threadData } from "../../host/threads/this-thread.ts";
import type { RingMemory } from "../../ring/ring-memory.ts";
import { RecordView } from "../../ring/record-view.ts";
import { yieldTurn } from "../../base/yield-turn.ts";
import { TurnBudget } from "../../stream/turn-budget.ts";
import { JobWorker } from "./job-table.ts";
import type { WorkerMessage, WorkerOrder, WorkerStart } from "./messages.ts";
import { openRing } from "../open/open-ring.ts";
import { RemainsClaim } from "../open/ring-remains.ts";
import { describeError } from "./worker-error.ts";
import type { WorkerContext, WorkerModule } from "./worker-module.ts";

const setup = threadData<WorkerStart>();
/** How long a stopped worker may live on for what its module has left behind, such as a timer. */
const longestEnd = 1000;

type EventAt = (offset: number, length: number) => unknown;

function tell(message: WorkerMessage): void {
  report(message);
}

/** What the handler gets, by the record's place in the ring. */
function eventReader({ data }: RingMemory, record: RecordView): EventAt {
  const { type, view } = setup;
  if (view) {
    return (offset, length) => {
      record.moveTo(offset, length);
      return record;
    };
  }
  if (type === undefined) return (offset, length) => data.slice(offset, offset + length);
  const decoder = makeDecoder(reopenBtf(type.btf), type.id);
  const bytes = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (offset, length) => decoder.decode(bytes, offset, length);
}

/** Whether the reader said that there is work, or that there will be none any more. */
class Orders {
  stopped = false;
  #wake: (() => void) | undefined;

  constructor() {
    onOrder((order: WorkerOrder) => {
      if (order === "stop") this.stopped = true;
      this.#wake?.();
    });
  }

  next(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

async function work(module: WorkerModule, eventAt: EventAt, record: RecordView): Promise<void> {
  const table = new JobWorker(setup.table, setup.index);
  const orders = new Orders();
  const context: WorkerContext = {
    worker: setup.index,
    data: setup.data,
    send: (value) => tell({ kind: "value", value }),
  };
  const budget = new TurnBudget();
  tell({ kind: "ready" });
  while (!orders.stopped) {
    let job = table.claim();
    if (job === undefined) {
      table.sleep();
      job = table.claim();
      if (job === undefined) {
        await orders.next();
        continue;
      }
      table.wake();
    }
    try {
      const result = module.default(eventAt(table.offset(job), table.length(job)), context);
      if (typeof (result as { then?: unknown } | undefined)?.then === "function") await result;
      if (table.finish(job)) tell({ kind: "progress" });
    } catch (error) {
      table.fail(job);
      tell({ kind: "failed", job, error: describeError(error) });
    }
    record.moveTo(0, 0);
    if (budget.spent()) {
      await new Promise<void>((resolve) => {
        yieldTurn(resolve);
      });
      budget.restart();
    }
  }
}

async function main(): Promise<void> {
  const opened = await openRing(setup.ring, new RemainsClaim(setup.claim));
  tell({ kind: "opened", remains: opened.remains });
  const { memory } = opened.ring;
  const record = new RecordView(memory.data);
  const module = (await import(setup.module)) as WorkerModule;
  if (typeof module.default !== "function") {
    throw new TypeError(`The module ${setup.module} has no handler: make it its default export`);
  }
  await work(module, eventReader(memory, record), record);
  await module.close?.();
  opened.close();
  endWithin(longestEnd);
}

await main();
