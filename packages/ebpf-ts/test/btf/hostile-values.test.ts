import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import type { Encoder } from "../../src/btf/codec/encoder.ts";
import { type Shape, shapes } from "./arbitrary-type.ts";
import { codecsFor, encodeAt } from "./codecs.ts";

/** Makes a value anew, since some answer differently when they are asked again, and notes in `asked` what they are asked. */
type Make = (asked: string[]) => unknown;

const own = (value: unknown): Make => {
  return () => value;
};

const numbers = [
  ...[1, 8, 16, 32, 53, 64].flatMap((bits) => [2 ** bits, 2 ** bits - 1, 2 ** (bits - 1), -(2 ** (bits - 1)) - 1]),
  ...new Float64Array([NaN, -0, Infinity, -Infinity, 0.5, -1, 1e300, 5e-324]),
];
const bigs = [32n, 64n, 128n, 2000n].flatMap((bits) => {
  const half = 2n ** (bits - 1n);
  return [2n * half, 2n * half - 1n, half, half - 1n, -half, -half - 1n];
});
const texts = ["", "a", "0", "\0", "a\0", "ab\0cd", "é", "\ud800", "SEVEN", "x".repeat(50)];
const others = [true, false, null, undefined, Symbol("s"), Symbol.iterator, () => 1, Map];
const scalars: readonly unknown[] = [...numbers, ...bigs, ...texts, ...others];

/** Objects that pass for others, or tell what they are asked. */
const objects: readonly Make[] = [
  () => Object(0) as unknown,
  () => Object("a") as unknown,
  () => Object(1n) as unknown,
  () => Object(Symbol("s")) as unknown,
  () => [],
  // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tried
  () => [, 1],
  () => Object.assign([1], { pid: 1 }),
  () => ({}),
  () => Object.create({ pid: 1 }) as unknown,
  () => Object.create(null) as unknown,
  () => new Date(0),
  () => new Map([["pid", 1]]),
  () => Promise.resolve(1),
  () => new DataView(new ArrayBuffer(4)),
  () => new ArrayBuffer(4),
  () => Uint8Array.of(1, 2, 3),
  () => BigUint64Array.of(1n),
  () => Float64Array.of(NaN, 0.5),
  () => new Proxy(() => {}, {}),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  (asked) => watched([1, 2], asked),
  (asked) => watched({}, asked),
  (asked) => ({
    [Symbol.toPrimitive]: () => {
      asked.push("a primitive");
      return 1;
    },
  }),
  (asked) => changing([1, "x", 2n], asked),
];

/** A proxy that is as its target is. */
function watched(target: object, asked: string[]): unknown {
  return new Proxy(target, {
    get(_, key) {
      asked.push(`get ${String(key)}`);
      return Reflect.get(target, key) as unknown;
    },
    has(_, key) {
      asked.push(`has ${String(key)}`);
      return Reflect.has(target, key);
    },
    ownKeys() {
      asked.push("keys");
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(_, key) {
      asked.push(`own ${String(key)}`);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    getPrototypeOf() {
      asked.push("prototype");
      return Reflect.getPrototypeOf(target);
    },
  });
}

/** The member `pid`, and the first element, are others each time. */
function changing(values: readonly unknown[], asked: string[]): unknown {
  let next = 0;
  const get = (): unknown => {
    asked.push("changing");
    return values[next++ % values.length];
  };
  return Object.defineProperties([0], { 0: { get, enumerable: true }, pid: { get, enumerable: true } });
}

const boom = new RangeError("from the value's own getter");

/** As the value, but its members are asked for by getters, of which one may throw. */
function withGetters(value: object, throwing: number, asked: string[]): unknown {
  const descriptors = Object.entries(value).map(([name, member], index): [string, PropertyDescriptor] => [
    name,
    {
      enumerable: true,
      get: () => {
        asked.push(name);
        if (index === throwing) throw boom;
        return member as unknown;
      },
    },
  ]);
  const shown: object = {};
  for (const [name, descriptor] of descriptors) Object.defineProperty(shown, name, descriptor);
  return shown;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The value, in which the part at a random place is another one. */
function spoilt(value: unknown, depth: number): fc.Arbitrary<Make> {
  const hostile = fc.oneof(
    fc.constantFrom(...scalars).map(own),
    fc.constantFrom(...objects),
    fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }).map(own),
  );
  const inside = Array.isArray(value) || isPlain(value) ? Object.entries(value) : [];
  if (inside.length === 0 || depth === 0) return hostile;
  const within = fc.constantFrom(...inside.keys()).chain((at) =>
    spoilt(inside[at]![1], depth - 1).map((make): Make => (asked) => {
      const parts = inside.map(([name, part], index) => [name, index === at ? make(asked) : part] as const);
      return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
    }),
  );
  if (!isPlain(value)) return fc.oneof({ weight: 3, arbitrary: within }, hostile);
  const asked = fc.integer({ min: -1, max: 5 }).map(
    (throwing): Make =>
      (list) =>
        withGetters(value, throwing, list),
  );
  const proxies = fc.constant<Make>((list) => watched(value, list));
  return fc.oneof({ weight: 5, arbitrary: within }, hostile, asked, proxies);
}

interface Outcome {
  /** Bytes, the message of an error of ours, or what the value itself threw. */
  readonly result: unknown;
  readonly asked: readonly string[];
}

function outcome(encoder: Encoder, make: Make, offset: number): Outcome {
  const asked: string[] = [];
  const value = make(asked);
  try {
    return { result: encodeAt(encoder, value, 0xaa, offset), asked };
  } catch (error) {
    if (error instanceof EbpfError) return { result: `${error.code}: ${error.message}`, asked };
    assert.ok(error === boom || /revoked/.test(String(error)), String(error));
    return { result: String(error), asked };
  }
}

const cases: fc.Arbitrary<{ shape: Shape; make: Make }> = shapes.chain((shape) =>
  shape.value.chain((value) => fc.record({ shape: fc.constant(shape), make: spoilt(value, 3) })),
);

test("code and closures make the same of values that are not what they should be, and ask the same of them", () => {
  fc.assert(
    fc.property(cases, ({ shape, make }) => {
      const [code, closures] = codecsFor(shape).encoders;
      // At a whole word, and beside one.
      for (const offset of [8, 12]) {
        assert.deepStrictEqual(outcome(code!, make, offset), outcome(closures!, make, offset));
      }
    }),
    { numRuns: 1000 },
  );
});

test("each of the values that are hostile to some member, for each kind of scalar", () => {
  fc.assert(
    fc.property(
      shapes.filter(({ size }) => size <= 16),
      (shape) => {
        const [code, closures] = codecsFor(shape).encoders;
        for (const make of [...scalars.map(own), ...objects])
          assert.deepStrictEqual(outcome(code!, make, 8), outcome(closures!, make, 8));
      },
    ),
    { numRuns: 80 },
  );
});
