import assert from "node:assert/strict";
import { test } from "node:test";
import { ktimeToDate as ofEmbedded } from "../../src/embedded.ts";
import { ktimeToDate, toJson } from "../../src/index.ts";
import { monotonicNs } from "../../src/sys/process/clock.ts";
import { dateOf } from "../../src/values/ktime.ts";

test("toJson: 64-bit numbers are numbers where those are exact, else digits; bytes are hexadecimal", () => {
  const event = { pid: 5, at: 2n ** 53n - 1n, wide: 2n ** 64n - 1n, low: -(2n ** 63n), bytes: Uint8Array.of(1, 255) };
  assert.equal(
    toJson(event),
    '{"pid":5,"at":9007199254740991,"wide":"18446744073709551615","low":"-9223372036854775808","bytes":"01ff"}',
  );
  assert.equal(toJson([1n], 1), "[\n 1\n]");
  assert.equal(toJson(undefined), undefined);
});

test("a time of the monotonic clock is a date, by what both clocks show", () => {
  assert.deepEqual(dateOf(4_000_000n, 10_000_000n, 1_000_000_000_000n), new Date(999_994));
  assert.deepEqual(dateOf(4_000_000, 10_000_000n, 1_000_000_000_000n), new Date(999_994));
});

test("ktimeToDate: now lies between two looks at the clock", () => {
  const before = Date.now();
  const date = ktimeToDate(monotonicNs());
  // Either clock may have been read just before its millisecond ended.
  const step = 2;
  assert.ok(date.getTime() >= before - step && date.getTime() <= Date.now() + step, date.toISOString());
  assert.ok(ofEmbedded(0n) instanceof Date);
  for (const wrong of [1.5, Number.NaN, "1", undefined]) assert.throws(() => ktimeToDate(wrong as never), TypeError);
});
