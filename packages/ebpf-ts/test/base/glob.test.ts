import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesGlob } from "../../src/base/glob.ts";

test("patterns are read as a regular expression would read them", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(patterns, letters, (pattern, name) => {
      const expression = pattern.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      assert.equal(matchesGlob(pattern, name), new RegExp(`^${expression}$`).test(name));
    }),
    { numRuns: 2000 },
  );
});

test("a pattern of many stars takes no longer than its length says", () => {
  assert.equal(matchesGlob("*a".repeat(200), `${"a".repeat(199)}b`.repeat(20)), false);
});
