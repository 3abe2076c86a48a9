import assert from "node:assert/strict";
import { it } from "node:test";
import { type Checks, checkOptions, optionsOf } from "../../src/base/check-options.ts";
import {
  aBoolean,
  aCount,
  aFunction,
  anIterable,
  anObject,
  anything,
  aPath,
  aPromise,
  aShare,
  aSignal,
  aString,
  aUint8Array,
  type Check,
  integer,
  milliseconds,
  oneOf,
  powerOfTwo,
  strings,
} from "../../src/base/checks.ts";
import { nearName } from "../../src/base/near-name.ts";

interface Options {
  readonly max?: number | undefined;
  readonly budgetMs?: number | undefined;
  readonly inner?: { readonly bytes?: number | undefined } | undefined;
}

const checks: Checks<Options> = {
  max: integer(1),
  budgetMs: milliseconds(),
  inner: optionsOf({ bytes: integer(1, 8) }),
};

function told(options: unknown): string {
  try {
    checkOptions(options as Options, checks, "drain()");
    return "nothing";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

it("options are told what is wrong with them, and nothing where nothing is", () => {
  const cases: readonly [options: unknown, says: string][] = [
    [{}, "nothing"],
    [{ max: 1, budgetMs: 0.5, inner: { bytes: 8 } }, "nothing"],
    [{ max: undefined, inner: {} }, "nothing"],
    [{ max: Infinity }, "nothing"],
    [Object.assign(Object.create(null) as object, { max: 3 }), "nothing"],
    [null, "TypeError: The options of drain() must be an object, not null"],
    [5, "TypeError: The options of drain() must be an object, not 5"],
    ["max", 'TypeError: The options of drain() must be an object, not "max"'],
    [[1], "TypeError: The options of drain() must be an object, not an array"],
    [() => {}, "TypeError: The options of drain() must be an object, not a function"],
    [{ maxx: 1 }, "TypeError: Unknown option maxx of drain(): did you mean max?"],
    [{ budgetms: 1 }, "TypeError: Unknown option budgetms of drain(): did you mean budgetMs?"],
    [{ maxx: undefined }, "TypeError: Unknown option maxx of drain(): did you mean max?"],
    [{ timeout: 1 }, "TypeError: Unknown option timeout of drain(): the options are max, budgetMs, inner"],
    [{ toString: 1 }, "TypeError: Unknown option toString of drain(): the options are max, budgetMs, inner"],
    [{ max: "1" }, 'TypeError: The option max of drain() must be a whole number, not "1"'],
    [{ max: null }, "TypeError: The option max of drain() must be a whole number, not null"],
    [{ max: 1n }, "TypeError: The option max of drain() must be a whole number, not 1n"],
    [{ max: 0 }, "RangeError: The option max of drain() must be a whole number of 1 or more, not 0"],
    [{ max: NaN }, "RangeError: The option max of drain() must be a whole number of 1 or more, not NaN"],
    [
      { budgetMs: -1 },
      "RangeError: The option budgetMs of drain() must be a number of milliseconds of 0 or more, not -1",
    ],
    [{ inner: 5 }, "TypeError: The options of the option inner of drain() must be an object, not 5"],
    [{ inner: { byte: 5 } }, "TypeError: Unknown option byte of the option inner of drain(): did you mean bytes?"],
    [
      { inner: { bytes: 9 } },
      "RangeError: The option bytes of the option inner of drain() must be a whole number from 1 to 8, not 9",
    ],
  ];
  for (const [options, says] of cases) assert.equal(told(options), says);
});

it("each check takes what it is for, refuses another kind with a TypeError, and another range with a RangeError", () => {
  const nothing = [undefined, null, {}, "", 5, Symbol.iterator, () => {}];
  const cases: readonly [check: Check, takes: unknown[], wrongKinds: unknown[], outside: unknown[]][] = [
    [anything, nothing, [], []],
    [aBoolean, [true, false], [0, "true", null], []],
    [aString, ["", "a"], [5, null, {}], []],
    [aPath, ["/a"], ["", "a\0b", 5, null], []],
    [aFunction, [() => {}], [{}, null, "f"], []],
    [aUint8Array, [new Uint8Array(0), Buffer.from("a")], [[1], "a", new ArrayBuffer(1), new Int8Array(1)], []],
    [anObject, [{}, []], [null, 5, "a"], []],
    [aSignal, [AbortSignal.abort()], [{}, null, 5, { aborted: true }], []],
    [aPromise, [Promise.resolve()], [{}, null, 5], []],
    [strings, [[], ["a"]], ["a", [5], null], []],
    [anIterable, [[], "a", new Set()], [5, null, {}], []],
    [oneOf("wait", "drop"), ["wait", "drop"], ["Wait", "", null, 5], []],
    [integer(-1, 5), [-1, 0, 5], ["1", null, 1n], [-2, 6, 1.5, NaN, Infinity, -Infinity]],
    [integer(0), [0, Infinity], [null], [-1, -Infinity, 0.5]],
    [aCount, [0, 2 ** 60], ["1"], [Infinity, -1, NaN]],
    [powerOfTwo(8, 2 ** 40), [8, 2 ** 33, 2 ** 40], ["8", null], [0, 4, 12, 2 ** 41, NaN, Infinity, -8]],
    [milliseconds(), [0, 0.1, Infinity], ["5", null, 5n], [-1, NaN]],
    [milliseconds(100), [100], [null], [101, Infinity]],
    [aShare, [0, 0.99], ["0.5"], [1, -0.1, NaN]],
  ];
  for (const [check, takes, wrongKinds, outside] of cases) {
    for (const value of takes) check(value, "It");
    for (const value of wrongKinds)
      assert.throws(() => check(value, "It"), { name: "TypeError", message: /^It must be / });
    for (const value of outside)
      assert.throws(() => check(value, "It"), { name: "RangeError", message: /^It must be / });
  }
});

it("the near name is one that differs by few letters, or by case", () => {
  const names = ["concurrency", "order", "key", "onOverflow", "queue"];
  const cases = { concurency: "concurrency", Order: "order", onoverflow: "onOverflow", ke: "key", quue: "queue" };
  for (const [name, near] of Object.entries(cases)) assert.equal(nearName(name, names), near);
  for (const name of ["", "workers", "x".repeat(1000)]) assert.equal(nearName(name, names), undefined);
});

it("a value that is shown is short, and is never asked for its own text", () => {
  const long = "x".repeat(1000);
  const hostile = { toString: () => assert.fail("asked"), [Symbol.toPrimitive]: () => assert.fail("asked") };
  for (const value of [long, hostile, [hostile], Symbol("s"), new Proxy({}, {})]) {
    assert.throws(
      () => aBoolean(value, "It"),
      (error: Error) => error.message.length < 100,
    );
  }
});
