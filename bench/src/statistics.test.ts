import assert from "node:assert/strict";
import { it } from "node:test";
import { median, summarize } from "./statistics.ts";

const pairs = [
  { ours: 2, peer: 1 },
  { ours: 9, peer: 3 },
  { ours: 4, peer: 8 },
];

it("the ratio is the median of the pairs', above 1 when ours is better", () => {
  assert.deepEqual(summarize("a", "records/s", "more", pairs), {
    case: "a",
    unit: "records/s",
    ours: 4,
    peer: 3,
    ratio: 2,
    spread: [0.5, 3],
  });
  assert.deepEqual(summarize("a", "ns", "less", pairs), {
    case: "a",
    unit: "ns",
    ours: 4,
    peer: 3,
    ratio: 0.5,
    spread: [0.3333, 2],
  });
});

it("a turn that measured nothing is no result", () => {
  for (const nothing of [0, Number.NaN]) {
    const turns = [...pairs, { ours: nothing, peer: 1 }];
    assert.throws(() => summarize("ring/x", "ns", "less", turns), /Cannot compare ring\/x: .* --seconds/);
  }
});

it("the median of an even number is between the two in the middle", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
});
