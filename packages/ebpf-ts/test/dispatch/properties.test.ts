import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { dispatch } from "../../src/stream/dispatch/dispatch.ts";

interface Event {
  readonly id: number;
  readonly key: number;
  readonly fails: boolean;
  /** How many times the handler lets others run. */
  readonly steps: number;
}

const events = fc
  .array(fc.record({ key: fc.nat(3), fails: fc.boolean(), steps: fc.nat(3) }), { maxLength: 30 })
  .map((list): Event[] => list.map((event, id) => ({ ...event, id })));
const limits = { concurrency: fc.integer({ min: 1, max: 5 }), queue: fc.integer({ min: 0, max: 6 }) };

/** Records what happened, and refuses at once what may never happen. */
class Watch {
  readonly begun: Event[] = [];
  readonly told: Event[] = [];
  readonly finished: Event[] = [];
  readonly running = new Set<Event>();
  asked = 0;
  most = 0;
  mostHeld = 0;
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  async *source(list: readonly Event[]): AsyncGenerator<Event> {
    for (const event of list) {
      this.asked += 1;
      this.mostHeld = Math.max(this.mostHeld, this.asked - this.told.length);
      if (event.id % 3 !== 0) await this.#scheduler.schedule(Promise.resolve(), `source ${event.id}`);
      yield event;
    }
  }

  readonly handler = (event: Event): unknown => {
    this.begun.push(event);
    this.running.add(event);
    this.most = Math.max(this.most, this.running.size);
    return event.steps === 0 ? this.#finish(event) : this.#work(event);
  };

  readonly tell = (event: Event): void => {
    this.told.push(event);
  };

  async #work(event: Event): Promise<number> {
    for (let step = 0; step < event.steps; step += 1) {
      await this.#scheduler.schedule(Promise.resolve(), `handler ${event.id}`);
    }
    return this.#finish(event);
  }

  #finish(event: Event): number {
    this.running.delete(event);
    this.finished.push(event);
    if (event.fails) throw new Error(`event ${event.id}`);
    return event.id;
  }
}

const ids = (list: readonly Event[]): number[] => list.map((event) => event.id);
const sorted = (list: readonly Event[]): number[] => ids(list).sort((a, b) => a - b);

describe("dispatch, whatever the schedule", () => {
  for (const order of ["any", "by-key", "strict"] as const) {
    it(`${order}: every event once, within the limits, in the order asked for`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), events, fc.record(limits), async (scheduler, list, { concurrency, queue }) => {
          const watch = new Watch(scheduler);
          const byKey = order === "by-key" ? { key: (event: Event): number => event.key } : {};
          const result = await scheduler.waitFor(
            dispatch(watch.source(list), watch.handler, {
              concurrency,
              queue,
              order,
              ...byKey,
              onResult: (value, event) => {
                assert.equal(value, event.id);
                watch.tell(event);
              },
              onError: (error, event) => {
                assert.equal((error as Error).message, `event ${event.id}`);
                watch.tell(event);
              },
            }),
          );
          const failed = list.filter((event) => event.fails).length;
          assert.deepEqual(result, { handled: list.length - failed, failed, dropped: 0 });
          assert.deepEqual(sorted(watch.told), ids(list));
          assert.deepEqual(sorted(watch.begun), ids(list));
          assert.ok(watch.most <= concurrency, `${watch.most} handlers at once`);
          assert.ok(watch.mostHeld <= concurrency + queue, `${watch.mostHeld} events held`);
          if (order !== "by-key") assert.deepEqual(ids(watch.begun), ids(list));
          if (order === "strict") assert.deepEqual(ids(watch.told), ids(list));
          if (order === "by-key") checkKeys(watch, list);
        }),
      );
    });
  }

  it("drop: every event is handled or counted, and the source is never held up", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, fc.record(limits), async (scheduler, list, { concurrency, queue }) => {
        const watch = new Watch(scheduler);
        const result = await scheduler.waitFor(
          dispatch(watch.source(list), watch.handler, { concurrency, queue, onOverflow: "drop", onError: () => {} }),
        );
        assert.equal(result.handled + result.failed, watch.begun.length);
        assert.equal(result.handled + result.failed + result.dropped, list.length);
        assert.ok(watch.most <= concurrency);
      }),
    );
  });

  it("the first error stops: what was taken is handled, what was not stays with the source", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, fc.record(limits), async (scheduler, list, { concurrency, queue }) => {
        const watch = new Watch(scheduler);
        let error: unknown;
        await scheduler.waitFor(
          dispatch(watch.source(list), watch.handler, { concurrency, queue }).catch(
            (thrown: unknown) => (error = thrown),
          ),
        );
        assert.equal(watch.running.size, 0);
        assert.deepEqual(ids(watch.begun), ids(list).slice(0, watch.begun.length));
        const failures = watch.finished.filter((event) => event.fails).map((event) => `event ${event.id}`);
        if (failures.length === 0) return assert.equal(error, undefined);
        const thrown = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
        assert.deepEqual(
          thrown.map((each) => each.message),
          failures,
        );
        assert.ok(failures.length <= concurrency + queue);
      }),
    );
  });

  it("aborted at any time: ends without an error, and every event that was taken is handled", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, fc.record(limits), fc.nat(40), async (scheduler, list, limit, after) => {
        const watch = new Watch(scheduler);
        const stop = new AbortController();
        const source = new Queue(list);
        let steps = 0;
        const handler = (event: Event): unknown => {
          steps += 1;
          if (steps > after) stop.abort();
          return watch.handler(event);
        };
        const ended = dispatch(source, handler, { ...limit, signal: stop.signal, onError: () => {} });
        void scheduler.schedule(Promise.resolve(), "abort").then(() => stop.abort());
        const result = await scheduler.waitFor(ended);
        assert.equal(watch.running.size, 0);
        assert.equal(result.handled + result.failed, source.given);
        assert.equal(watch.finished.length, source.given);
        assert.ok(source.returned);
      }),
    );
  });
});

/** Events of one key do not overlap, and keep their order. */
function checkKeys(watch: Watch, list: readonly Event[]): void {
  for (let key = 0; key <= 3; key += 1) {
    const expected = ids(list.filter((event) => event.key === key));
    assert.deepEqual(ids(watch.begun.filter((event) => event.key === key)), expected);
    assert.deepEqual(ids(watch.finished.filter((event) => event.key === key)), expected);
  }
}

/** Answers at once, like a ring's stream: after its last event it waits, until `return` is called. */
class Queue implements AsyncIterableIterator<Event> {
  given = 0;
  returned = false;
  readonly #list: readonly Event[];
  #end: ((result: IteratorResult<Event>) => void) | undefined;

  constructor(list: readonly Event[]) {
    this.#list = list;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.#list[this.given];
    if (event === undefined || this.returned) return new Promise((resolve) => (this.#end = resolve));
    this.given += 1;
    return Promise.resolve({ value: event, done: false });
  }

  return(): Promise<IteratorResult<Event>> {
    this.returned = true;
    this.#end?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }
}
