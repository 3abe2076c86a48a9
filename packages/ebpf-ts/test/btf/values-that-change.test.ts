import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Encoder } from "../../src/btf/codec/encoder.ts";
import type { BtfBuilder } from "../../src/btf/index.ts";
import { codecsFor } from "./codecs.ts";

const unset = 0xee;

/** Both encoders of a struct, each with a buffer that is larger than what it writes. */
function each(build: (b: BtfBuilder) => number, check: (encoder: Encoder, view: DataView) => void): void {
  for (const encoder of codecsFor({ build } as never).encoders) {
    check(encoder, new DataView(new Uint8Array(64).fill(unset).buffer));
  }
}

const bytesOf = (view: DataView): number[] => [...new Uint8Array(view.buffer)];

describe("values that change while they are encoded", () => {
  test("a getter that encodes another value, elsewhere", () => {
    const build = (b: BtfBuilder): number => {
      const u64 = b.int("unsigned long", 8);
      return b.struct("s", 24, [
        { name: "first", type: u64, offset: 0 },
        { name: "second", type: u64, offset: 8 },
        { name: "third", type: u64, offset: 16 },
      ]);
    };
    each(build, (encoder, view) => {
      const other = new DataView(new ArrayBuffer(64));
      const value = {
        first: 1n,
        get second() {
          encoder.encode({ first: 7n, second: 8n, third: 9n }, other, 0);
          return 2n;
        },
        third: 3n,
      };
      encoder.encode(value, view, 0);
      const words = (from: DataView): bigint[] => [0, 8, 16].map((at) => from.getBigUint64(at, true));
      assert.deepEqual(
        [words(view), words(other)],
        [
          [1n, 2n, 3n],
          [7n, 8n, 9n],
        ],
      );
    });
  });

  test("an array to which a getter of an element adds", () => {
    const build = (b: BtfBuilder): number => {
      const u32 = b.int("unsigned int", 4);
      return b.struct("s", 8, [{ name: "list", type: b.array(u32, 2), offset: 0 }]);
    };
    each(build, (encoder, view) => {
      const list: number[] = [];
      Object.defineProperty(list, 0, {
        enumerable: true,
        get: () => {
          for (let more = 0; more < 6; more += 1) list.push(5);
          return 4;
        },
      });
      encoder.encode({ list }, view, 0);
      assert.deepEqual(new Set(bytesOf(view).slice(8)), new Set([unset]));
    });
  });

  for (const [of, element, short, long] of [
    ["letters", (b: BtfBuilder) => b.int("char", 1, "char"), "a", "a longer one"],
    ["numbers", (b: BtfBuilder) => b.int("unsigned int", 4), [1], [1, 2, 3, 4]],
  ] as const) {
    test(`a flexible array of ${of} that has become longer since it was measured`, () => {
      const build = (b: BtfBuilder): number =>
        b.struct("s", 0, [{ name: "tail", type: b.array(element(b), 0), offset: 0 }]);
      each(build, (encoder, view) => {
        let asked = 0;
        const value = {
          get tail() {
            return (asked += 1) === 1 ? short : long;
          },
        };
        const size = encoder.sizeFor(value);
        assert.throws(() => encoder.encode(value, view, 8, size), { code: "BAD_VALUE", message: /takes more now/ });
        const bytes = bytesOf(view);
        assert.deepEqual(new Set([...bytes.slice(0, 8), ...bytes.slice(8 + size)]), new Set([unset]));
      });
    });
  }
});
