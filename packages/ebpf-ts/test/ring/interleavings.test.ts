import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RingConsumer } from "../../src/ring/index.ts";
import { KernelRing, makeMemory, payload } from "./kernel-model.ts";

/** Runs `read` with `step` in the middle of it: right after its `nth` atomic access. Gives how many there were. */
function withStep(nth: number, step: () => void, read: () => void): number {
  const { load, store } = Atomics;
  let accesses = 0;
  const after = (): void => {
    accesses += 1;
    if (accesses !== nth) return;
    Object.assign(Atomics, { load, store });
    step();
    Object.assign(Atomics, patched);
  };
  const patched = {
    load(array: Int32Array, index: number): unknown {
      const value = load(array, index);
      after();
      return value;
    },
    store(array: Int32Array, index: number, value: number): unknown {
      const stored = store(array, index, value);
      after();
      return stored;
    },
  };
  Object.assign(Atomics, patched);
  try {
    read();
  } finally {
    Object.assign(Atomics, { load, store });
  }
  return accesses;
}

/** Every moment of a drain at which the kernel may commit a record: it is seen by this drain, or its commit wakes the sleeper. */
function eachMoment(
  check: (nth: number) => { readonly accesses: number; readonly seen: boolean; readonly woke: boolean },
): void {
  let both = 0;
  for (let nth = 1; ; nth += 1) {
    const { accesses, seen, woke } = check(nth);
    if (accesses < nth) {
      assert.ok(nth > 4, `only ${nth - 1} moments`);
      return;
    }
    assert.ok(seen || woke, `a record that is committed after access ${nth} is neither seen nor rung for`);
    if (seen && woke) both += 1;
    assert.ok(both < 4, "nearly every commit wakes a consumer that is awake");
  }
}

for (const start of [0n, 2n ** 32n - 48n]) {
  describe(`no moment for a lost wake-up, from position ${start}`, () => {
    it("when a record is added", () => {
      eachMoment((nth) => {
        const memory = makeMemory(4096, { start });
        const kernel = new KernelRing(memory);
        const consumer = new RingConsumer(memory);
        for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
        let woke = false;
        let delivered = 0;
        const step = (): void => void (woke = kernel.commit(kernel.reserve(8)!));
        const accesses = withStep(nth, step, () => ({ delivered } = consumer.drain(() => {})));
        return { accesses, seen: delivered === 4, woke };
      });
    });

    it("when the record at the head is committed, late", () => {
      eachMoment((nth) => {
        const memory = makeMemory(4096, { start });
        const kernel = new KernelRing(memory);
        const consumer = new RingConsumer(memory);
        for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
        const late = kernel.reserve(8)!;
        let woke = false;
        let delivered = 0;
        const accesses = withStep(
          nth,
          () => void (woke = kernel.commit(late)),
          () => ({ delivered } = consumer.drain(() => {})),
        );
        return { accesses, seen: delivered === 4, woke };
      });
    });

    it("when records are read one by one", () => {
      eachMoment((nth) => {
        const memory = makeMemory(4096, { start });
        const kernel = new KernelRing(memory);
        const consumer = new RingConsumer(memory);
        for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
        let woke = false;
        const step = (): void => void (woke = kernel.commit(kernel.reserve(8)!));
        const accesses = withStep(nth, step, () => {
          while (consumer.read() >= 0);
        });
        return { accesses, seen: consumer.received === 4, woke };
      });
    });
  });
}
