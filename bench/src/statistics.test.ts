import assert from "node:assert/strict";
import { it } from "node:test";
import { median, quantile, summarize } from "./statistics.ts";

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
    best: 0.5,
    spread: [0.5, 3],
  });
  assert.deepEqual(summarize("a", "ns", "less", pairs), {
    case: "a",
    unit: "ns",
    ours: 4,
    peer: 3,
    ratio: 0.5,
    best: 0.25,
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

it("a quantile is the value that its share does not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 99 - i);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 0.5), 49.5);
  assert.equal(quantile([7], 0.99), 7);
});
