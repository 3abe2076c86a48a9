import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dispatch } from "../../src/stream/dispatch/dispatch.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { SimulatedEventRing } from "../stream/simulated-ring.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i += 1) yield i;
}

/** Unlike AbortSignal.timeout, keeps the process alive until then. */
function abortSoon(): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("soon")), 5);
  return stop.signal;
}

describe("dispatch", () => {
  it("refuses options that make no sense, as a rejection", async () => {
    const refusals: Promise<void>[] = [];
    const refused = (options: object | undefined): void => {
      refusals.push(
        assert.rejects(
          dispatch(numbers(1), () => {}, options as never),
          /dispatch\(\)/,
        ),
      );
    };
    refused(undefined);
    refused({});
    refused({ concurrency: 0 });
    refused({ concurrency: 1.5 });
    refused({ concurrency: 1, order: "sorted" });
    refused({ concurrency: 1, order: "by-key" });
    refused({ concurrency: 1, key: () => 1 });
    refused({ concurrency: 1, onOverflow: "burst" });
    refused({ concurrency: 1, queue: -1 });
    refused({ concurrency: 1, workers: 2 });
    await Promise.all(refusals);
  });

  it("a handler whose result cannot be looked at has failed", { timeout: 5000 }, async () => {
    const hostile = {
      // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried
      get then(): never {
        throw new Error("no then");
      },
    };
    const ended = dispatch(numbers(3), () => hostile, { concurrency: 1, onError: () => {} });
    assert.deepEqual(await ended, { handled: 0, failed: 3, dropped: 0 });
  });

  it("a slow handler does not hold up the others", { timeout: 20_000 }, async () => {
    const done: number[] = [];
    let othersAreDone = (): void => {};
    const others = new Promise<void>((resolve) => (othersAreDone = resolve));
    // The first one ends only when all that came after it have: if it held them up, nothing would ever end.
    const handler = async (n: number): Promise<void> => {
      if (n === 0) await others;
      done.push(n);
      if (done.length === 4) othersAreDone();
    };
    assert.deepEqual(await dispatch(numbers(5), handler, { concurrency: 2 }), { handled: 5, failed: 0, dropped: 0 });
    assert.equal(done.at(-1), 0);
  });

  it("handlers that end at once do not grow the stack, nor starve timers", async () => {
    let fired = false;
    const timer = sleep(1).then(() => (fired = true));
    let firedMeanwhile = false;
    await dispatch(numbers(200_000), () => (firedMeanwhile ||= fired), { concurrency: 1, queue: 100 });
    await timer;
    assert.ok(firedMeanwhile);
  });

  it("an error of the source is thrown after the handlers have ended", async () => {
    let ended = false;
    async function* broken(): AsyncGenerator<number> {
      yield 1;
      throw new Error("broken source");
    }
    const handler = async (): Promise<void> => {
      await sleep(5);
      ended = true;
    };
    await assert.rejects(dispatch(broken(), handler, { concurrency: 2 }), /broken source/);
    assert.ok(ended);
  });

  it("onError may stop, and what it throws is thrown", async () => {
    const fail = (n: number): void => {
      if (n === 2) throw new Error("third");
    };
    let seen = 0;
    const stop = dispatch(numbers(9), fail, {
      concurrency: 1,
      onError: (_, event) => {
        seen = event;
        return "stop" as const;
      },
    });
    await assert.rejects(stop, /third/);
    assert.equal(seen, 2);
    const rethrow = dispatch(numbers(9), fail, {
      concurrency: 1,
      onError: () => {
        throw new Error("from onError");
      },
    });
    await assert.rejects(rethrow, /from onError/);
  });

  it("what onResult throws counts as the event's error", async () => {
    const errors: unknown[] = [];
    const result = await dispatch(numbers(3), (n) => n, {
      concurrency: 1,
      onResult: (value) => {
        if (value === 1) throw new Error("no");
      },
      onError: (error) => void errors.push(error),
    });
    assert.deepEqual(result, { handled: 2, failed: 1, dropped: 0 });
    assert.equal(errors.length, 1);
  });

  it("a promise of onResult or onError that is rejected counts like what they throw, and is waited for", async () => {
    const errors: string[] = [];
    const result = await dispatch(numbers(3), (n) => n, {
      concurrency: 1,
      onResult: async (value) => {
        await sleep(2);
        if (value !== 0) throw new Error(`result ${value}`);
      },
      onError: async (error) => {
        await sleep(2);
        errors.push((error as Error).message);
      },
    });
    assert.deepEqual(result, { handled: 1, failed: 2, dropped: 0 });
    assert.deepEqual(errors, ["result 1", "result 2"]);

    const failing = dispatch(numbers(3), (n) => n, {
      concurrency: 1,
      onResult: () => Promise.reject(new Error("result")),
      onError: async () => Promise.reject(new Error("of onError")),
    });
    await assert.rejects(failing, { message: "of onError" });
    let seen = 0;
    const stopping = dispatch(
      numbers(9),
      () => {
        seen += 1;
        throw new Error("handler");
      },
      { concurrency: 1, onError: async () => "stop" as const },
    );
    await assert.rejects(stopping, { message: "handler" });
    assert.equal(seen, 1);
  });

  it("a key that cannot be made fails its event only", async () => {
    const key = (n: number): number => {
      if (n === 1) throw new Error("no key");
      return n;
    };
    const result = await dispatch(numbers(3), () => {}, { concurrency: 1, order: "by-key", key, onError: () => {} });
    assert.deepEqual(result, { handled: 2, failed: 1, dropped: 0 });
  });

  it("the handler's signal says that no more will come", async () => {
    const stop = new AbortController();
    let told = false;
    const handler = (_: number, { signal }: { signal: AbortSignal }): Promise<void> => {
      setTimeout(() => stop.abort(), 1);
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          told = true;
          resolve();
        });
      });
    };
    const result = await dispatch(numbers(100), handler, { concurrency: 3, signal: stop.signal });
    assert.ok(told);
    assert.deepEqual(result, { handled: 3, failed: 0, dropped: 0 });
  });

  it("a generator that sleeps is left behind when it is aborted", async () => {
    async function* sleeper(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    const result = await dispatch(sleeper(), () => {}, { concurrency: 1, signal: abortSoon() });
    assert.equal(result.handled, 1);
  });

  it("is aborted before it begins", async () => {
    const result = await dispatch(numbers(3), () => {}, { concurrency: 1, signal: AbortSignal.abort() });
    assert.deepEqual(result, { handled: 0, failed: 0, dropped: 0 });
  });
});

describe("dispatch of a ring's events", () => {
  it("leaves in the ring what there is no room for", async () => {
    const ring = new SimulatedEventRing(4096);
    ring.emit(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const events = new RingBuf({ name: "events", ring, decode: (view, offset) => view.getUint32(offset, true) });
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const stop = new AbortController();
    const seen: number[] = [];
    const handler = async (n: number): Promise<void> => {
      seen.push(n);
      await gate;
    };
    const ended = dispatch(events, handler, { concurrency: 3, signal: stop.signal });
    await sleep(5);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(events.available, 7 * 16);
    stop.abort();
    open();
    assert.deepEqual(await ended, { handled: 3, failed: 0, dropped: 0 });
    assert.equal(events.available, 7 * 16);
    const rest: number[] = [];
    events.drain((record) => void rest.push(record.u32(0)));
    assert.deepEqual(rest, [3, 4, 5, 6, 7, 8, 9]);
  });

  for (const also of [true, false]) {
    it(`ends when aborted while the ring is empty${also ? ", also when the stream has the same signal" : ""}`, async () => {
      const ring = new SimulatedEventRing(4096);
      const events = new RingBuf({ name: "events", ring });
      const signal = abortSoon();
      const source = events.events(also ? { signal } : {});
      assert.deepEqual(await dispatch(source, () => {}, { concurrency: 1, signal }), {
        handled: 0,
        failed: 0,
        dropped: 0,
      });
    });
  }
});
