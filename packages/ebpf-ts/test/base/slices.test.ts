import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { atOnce, inSlices, type Sliced } from "../../src/base/slices.ts";
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

function* longWork(steps: number, note: () => void): Sliced<number> {
  for (let step = 0; step < steps; step += 1) {
    work();
    note();
    yield;
  }
  return steps;
}

describe("slices", () => {
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
