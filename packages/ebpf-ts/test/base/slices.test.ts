import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { atOnce, inSlices, nextTurn, type Sliced } from "../../src/base/slices.ts";
import { specOf } from "../../src/load-object.ts";
import { fixturePath } from "../support/fixtures.ts";

/** Counts turns of the event loop until it is disposed of. */
function countTurns(): { readonly turn: number } & Disposable {
  let turn = 0;
  let next = setImmediate(function count() {
    turn += 1;
    next = setImmediate(count);
  });
  return {
    get turn() {
      return turn;
    },
    [Symbol.dispose]: () => clearImmediate(next),
  };
}

/** More than a turn's share. */
function work(): void {
  for (const end = performance.now() + 10; performance.now() < end;);
}

function* steps(count: number, step: () => void): Sliced<number> {
  for (let index = 0; index < count; index += 1) {
    step();
    yield;
  }
  return count;
}

function longWork(count: number, note: () => void): Sliced<number> {
  return steps(count, () => {
    work();
    note();
  });
}

/** A clock that only the test moves, in place of the process's. */
function ownClock(t: TestContext): { now: number } {
  const clock = { now: 0 };
  t.mock.method(performance, "now", () => clock.now);
  return clock;
}

describe("slices", () => {
  // What was done before has had its share of the turn that it was done in.
  beforeEach(() => turn());

  it("lets the event loop turn after each long one", async () => {
    using turns = countTurns();
    const seen: number[] = [];
    assert.equal(await inSlices(longWork(4, () => seen.push(turns.turn))), 4);
    assert.equal(new Set(seen).size, 4);
  });

  it("gives those who work at the same time one long slice a turn, each in its order", async () => {
    using turns = countTurns();
    const seen: string[] = [];
    const inTurn = new Set<number>();
    const one = (name: string): Sliced<number> =>
      longWork(2, () => {
        seen.push(name);
        inTurn.add(turns.turn);
      });
    await Promise.all(["a", "b", "c"].map((name) => inSlices(one(name))));
    assert.equal(inTurn.size, 6);
    assert.deepEqual(seen, ["a", "a", "b", "c", "b", "c"]);
  });

  it("fills each turn with short ones, and lets the next go on in the rest of the last one's", async (t) => {
    const clock = ownClock(t);
    using turns = countTurns();
    const inTurn: string[] = [];
    const one = (name: string): Sliced<number> =>
      steps(6, () => {
        inTurn[turns.turn] = (inTurn[turns.turn] ?? "") + name;
        clock.now += 1;
      });
    await Promise.all(["a", "b", "c"].map((name) => inSlices(one(name))));
    assert.deepEqual(inTurn, ["aaaa", "aabb", "cccc", "bbbb", "cc"]);
  });

  it("lets those who wait go before those who come, and whoever fails holds up nobody", async (t) => {
    const clock = ownClock(t);
    using turns = countTurns();
    const seen: string[] = [];
    const one = (name: string, after?: () => void): Sliced<number> =>
      steps(6, () => {
        if (seen.at(-1) !== name) seen.push(name);
        clock.now += 1;
        after?.();
      });
    const came: Promise<number>[] = [];
    const results = await Promise.allSettled([
      inSlices(one("a")),
      inSlices(
        one("b", () => {
          came.push(inSlices(one("late")));
          throw new RangeError("no more");
        }),
      ),
      inSlices(one("c")),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(await Promise.all(came), [6]);
    assert.deepEqual(seen, ["a", "b", "c", "late", "c", "late", "c"]);
    assert.equal(turns.turn, 4);
  });

  it("lets eight of those who wait go on in a turn, however little they do", async (t) => {
    ownClock(t);
    using turns = countTurns();
    const inTurn: number[] = [];
    const one = async (): Promise<void> => {
      await nextTurn();
      inTurn[turns.turn] = (inTurn[turns.turn] ?? 0) + 1;
    };
    await Promise.all(Array.from({ length: 20 }, one));
    assert.deepEqual(Object.values(inTurn), [8, 8, 4]);
  });

  it("does one a turn where the clock jumps", async (t) => {
    // It stands still in the end, so that work that never has its turn fails here, and does not hang.
    let calls = 0;
    t.mock.method(performance, "now", () => Math.min((calls += 1), 1000) * 100);
    using turns = countTurns();
    const inTurn: number[] = [];
    const one = (): Sliced<number> => steps(3, () => inTurn.push(turns.turn));
    await Promise.all([inSlices(one()), inSlices(one())]);
    assert.equal(new Set(inTurn).size, 6);
    assert.ok(turns.turn < 10, `it took ${turns.turn} turns`);
  });

  it("fails as the work does", async () => {
    const fails = function* (): Sliced<never> {
      yield;
      throw new RangeError("no more");
    };
    await assert.rejects(inSlices(fails()), /no more/);
    assert.throws(() => atOnce(fails()), /no more/);
  });

  it("is how objects are read: a hundred at once in many turns", async () => {
    using turns = countTurns();
    const bytes = readFileSync(fixturePath("maps.bpf.o"));
    const inTurn = new Set<number>();
    const read = async (): Promise<void> => {
      await specOf(bytes, "bytes");
      inTurn.add(turns.turn);
    };
    await Promise.all(Array.from({ length: 100 }, read));
    assert.ok(inTurn.size > 3, `read in ${inTurn.size} turns`);
  });
});
