import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EnginePerf } from "../../src/engine/perf.ts";
import { PerfEventArray } from "../../src/map/perf/perf-event-array.ts";
import type { RingBell } from "../../src/ring/ring-memory.ts";
import { payload, PerfModel } from "../ring/perf/perf-model.ts";

/** Perf events forget a wake-up that was asked for once: what comes before a bell is armed never rings it. */
function forgetful(model: PerfModel, beforeArmed: () => void): EnginePerf {
  return {
    rings: [{ cpu: 0, memory: model.memory }],
    bell: () => ({ arm: beforeArmed, close: () => {} }),
    setPaused: () => {},
    close: () => {},
  };
}

describe("perf event array: wake-ups", () => {
  it("what comes between the last look and the sleep is not slept through", async () => {
    const model = new PerfModel(512);
    let number = 0;
    const perf = forgetful(model, () => void model.output(payload((number += 1), 4)));
    const array = new PerfEventArray<Uint8Array>({ name: "events", open: () => ({ perf, overwritable: false }) });
    const events = array.events();
    for (let turn = 1; turn <= 5; turn += 1) {
      const { value } = await events.next();
      assert.deepEqual(value?.event.subarray(0, 4), payload(turn, 4));
    }
    array.close();
  });

  it("a bell that was armed is let go then: it would keep the process alive", async () => {
    const model = new PerfModel(512);
    const armed = new Set<object>();
    const bell = (): RingBell => {
      const own = {
        arm: () => void model.output(payload(armed.add(own).size, 4)),
        close: () => void armed.delete(own),
      };
      return own;
    };
    const perf = { ...forgetful(model, () => {}), bell };
    const array = new PerfEventArray<Uint8Array>({ name: "events", open: () => ({ perf, overwritable: false }) });
    const events = array.events();
    for (let turn = 1; turn <= 3; turn += 1) {
      await events.next();
      assert.equal(armed.size, 0);
    }
    array.close();
  });

  it("a broken ring ends the loop with an error, and is not slept through either", async () => {
    const model = new PerfModel(512);
    const perf = forgetful(model, () => (model.memory.head[0] = 4n));
    const array = new PerfEventArray({ name: "events", open: () => ({ perf, overwritable: false }) });
    await assert.rejects(array.events().next(), { code: "BAD_RING" });
  });
});
