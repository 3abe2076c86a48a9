import assert from "node:assert/strict";
import { test } from "node:test";
import { showKey } from "../../src/map/entries/show-key.ts";

test("a key in an error: what it holds, in the room of a line, whatever it is", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [5n, "5n"],
    ["text", '"text"'],
    [{ port: 80, address: new Uint8Array([10, 0, 0, 1]) }, "{ port: 80, address: [10, 0, 0, 1] }"],
    [{ a: { b: { c: { d: 1 } } } }, "{ a: { b: { c: an object } } }"],
    [new BigInt64Array(2), "[0n, 0n]"],
    [{ "a\n\u001b[2J": 1 }, '{ "a\\n\\u001b[2J": 1 }'],
    [{}, "an object"],
    [new DataView(new ArrayBuffer(8)), "an object"],
    [
      {
        get port(): number {
          throw new Error("not to be looked at");
        },
      },
      "an object",
    ],
  ];
  for (const [key, shown] of cases) assert.equal(showKey(key), shown);
  const long = showKey({ bytes: new Uint8Array(2 ** 20), ...Array.from({ length: 1000 }) });
  assert.ok(long.length <= 81 && long.endsWith("…"), long);
});
