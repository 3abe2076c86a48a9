import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Btf } from "ebpf-ts/btf";
import fc from "fast-check";
import { histogramLines, type Scale } from "../src/maps/histogram.ts";
import { Top } from "../src/maps/top.ts";
import { isZero, readable, sumOf } from "../src/maps/values.ts";
import { cut } from "../src/output/style.ts";
import { widthOf } from "../src/output/width.ts";
import { flagNames } from "../src/run/flag-names.ts";
import { TimeOrder } from "../src/run/time-order.ts";

const counts = fc.array(fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 64n - 1n)), { minLength: 1, maxLength: 64 });
const scales = fc.constantFrom<Scale>("log2", "linear");

describe("histograms", () => {
  it("at 80 columns no line is wider, the largest count has the longest bar, and what counts shows", () => {
    fc.assert(
      fc.property(counts, scales, (slots, scale) => {
        const [heading, ...rows] = histogramLines(slots, scale, 80);
        if (slots.every((count) => count === 0n)) return void assert.equal(heading, undefined);
        const first = slots.findIndex((count) => count > 0n);
        assert.equal(rows.length, slots.findLastIndex((count) => count > 0n) + 1 - first);
        const longest = Math.max(...rows.map(({ bar }) => bar.length));
        const most = slots.reduce((max, count) => (count > max ? count : max), 0n);
        for (const [index, { text, bar }] of rows.entries()) {
          const count = slots[first + index]!;
          assert.equal(bar.length > 0, count > 0n);
          if (count === most) assert.equal(bar.length, longest);
          assert.match(text, new RegExp(`  ${count}( {2})?$`));
          assert.ok(widthOf(text + bar) <= 80, text + bar);
        }
      }),
    );
  });

  it("say which values a slot counts", () => {
    const text = (scale: Scale, slots: bigint[]): string[] =>
      histogramLines(slots, scale, 80).map((line) => (line.text + line.bar).trimEnd());
    assert.deepEqual(
      text("log2", [1n, 0n, 2n]),
      [
        "     value  count  distribution",
        "    0 -> 1      1  ********************",
        "    2 -> 3      0",
        "    4 -> 7      2  ****************************************",
      ].map((line) => line.slice(2)),
    );
    assert.deepEqual(text("linear", [0n, 3n, 1n]), [
      "  value  count  distribution",
      "      1      3  ****************************************",
      "      2      1  *************",
    ]);
  });
});

describe("values of maps", () => {
  it("the largest of many, and how many there were", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 })), fc.integer({ min: 1, max: 20 }), (numbers, most) => {
        const top = new Top<{ key: number; value: number }>(most);
        for (const [key, value] of numbers.entries()) top.add({ key, value }, value);
        assert.equal(top.count, numbers.length);
        const largest = numbers.toSorted((a, b) => b - a).slice(0, most);
        assert.deepEqual(
          top.values(false).map(({ value }) => value),
          largest,
        );
        const inOrder = top.values(true).map(({ value }) => value);
        assert.deepEqual(inOrder, numbers.length <= most ? numbers : largest);
      }),
    );
  });

  it("the largest of more than there is room for, whatever their order, the smaller key first", () => {
    const count = 10_007;
    for (const step of [1, 5003, count - 1]) {
      const top = new Top<{ key: number; value: number }>(3);
      for (let at = 0; at < count; at += 1) {
        const key = (at * step) % count;
        top.add({ key, value: Math.floor(key / 2) }, Math.floor(key / 2));
      }
      assert.equal(top.count, count);
      assert.deepEqual(
        top.values(false).map(({ key }) => key),
        [10_006, 10_004, 10_005],
      );
    }
  });

  it("of all CPUs together: numbers are added, of anything else the first that is something", () => {
    const sum = sumOf([
      { count: 1n, slots: [1, 0], comm: "", kind: 0 },
      { count: 2n, slots: [1, 5], comm: "sh", kind: 2 },
      { count: 0n, slots: [0, 0], comm: "other", kind: 0 },
    ]);
    assert.deepEqual(sum, { count: 3n, slots: [2, 5], comm: "sh", kind: 2 });
    assert.equal(isZero({ a: [0, 0n, { b: "" }], c: new Uint8Array(3) }), true);
    assert.equal(isZero({ a: [0, 0n, { b: "x" }] }), false);
    assert.deepEqual(
      [1, 2, 4, 8].map((length) => readable(new Uint8Array(length).fill(1))),
      [1, 0x101, 0x1010101, 0x101010101010101n],
    );
    assert.deepEqual(readable(new Uint8Array(3)), new Uint8Array(3));
  });
});

describe("an order of time", () => {
  it("of what arrives within the delay: sorted, each once, and all of them at a flush", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 1000n)), (times) => {
        const seen: bigint[] = [];
        const order = new TimeOrder<{ time: bigint }>(({ time }) => void seen.push(time), 60_000);
        for (const time of times) order.add({ time });
        assert.deepEqual(seen, []);
        order.flush();
        assert.deepEqual(
          seen,
          times.toSorted((a, b) => (a < b ? -1 : Number(a > b))),
        );
      }),
    );
  });

  it("what is due goes out, and what is older than it with it", async () => {
    const seen: number[] = [];
    const order = new TimeOrder<{ time: bigint; name: number }>(({ name }) => void seen.push(name), 1);
    order.add({ time: 5n, name: 5 });
    order.add({ time: 3n, name: 3 });
    while (seen.length < 2) await sleep(1);
    assert.deepEqual(seen, [3, 5]);
    // A flood is not held: the oldest goes.
    for (let name = 0; name <= 20_000; name += 1) order.add({ time: BigInt(name), name });
    assert.ok(seen.length > 20_000);
    order.flush();
  });
});

describe("names of flags", () => {
  const enumOf = (...values: [name: string, value: number | bigint][]): Btf =>
    ({ resolve: () => ({ kind: "enum", values: values.map(([name, value]) => ({ name, value })) }) }) as unknown as Btf;

  it("a sum of flags has the names of all, and what nobody named as a number", () => {
    const names = flagNames(enumOf(["NONE", 0], ["READ", 1], ["WRITE", 2], ["ALL", 3]), 1);
    assert.equal(names(3), "READ|WRITE");
    assert.equal(names(6), "WRITE|0x4");
    for (const value of [0, -1, 8, "READ"]) assert.equal(names(value), undefined);
    assert.equal(flagNames(enumOf(["ONLY", 1]), 1)(3), undefined);
  });
});

describe("lines of a terminal", () => {
  it("are never wider than it, and whole where they fit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const shown = cut(text, width);
        assert.ok(widthOf(shown) <= width, `${JSON.stringify(shown)} of ${width}`);
        if (widthOf(text) <= width) assert.equal(shown, text);
      }),
    );
  });
});
