import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MachineMap, MachineUserRing } from "../../src/engine/embedded/machine/machine-map.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { busy, discarded, position, produce, putHeader, setPosition, totalOf } from "./reference-ring.ts";
import { makeMap, specOf, u32 } from "./test-map.ts";

const [E2BIG, EBUSY, EINVAL, ENOTSUPP] = [7, 16, 22, 524];

interface TestUserRing {
  readonly map: MachineMap;
  readonly ring: MachineUserRing;
  readonly bytesAt: (address: number, size: number) => Uint8Array;
}

function makeRing(size = 4096): TestUserRing {
  const { map, memory } = makeMap(specOf(MapType.USER_RINGBUF, 0, 0, size));
  return { map, ring: map.userRing!, bytesAt: (address, length) => new Uint8Array(memory, address, length).slice() };
}

/** Drains, and gives the result with the samples. */
function drain({ ring, bytesAt }: TestUserRing, flags = 0n): { result: number; samples: Uint8Array[] } {
  const samples: Uint8Array[] = [];
  const result = ring.drain((address, size) => {
    samples.push(bytesAt(address, size));
    return 0;
  }, flags);
  return { result, samples };
}

const never = (): number => assert.fail("no sample was expected");

test("user ring: no keys, and nothing in it at first", () => {
  const { map, ring } = makeRing();
  assert.equal(map.update(u32(0), u32(0), 0, 0), -ENOTSUPP);
  assert.equal(map.ring, undefined);
  assert.equal(ring.drain(never, 0n), 0);
});

test("drain: unknown flags", () => {
  const { ring } = makeRing();
  for (const flags of [4n, 7n, 1n << 63n]) {
    assert.equal(ring.drain(never, flags), -EINVAL);
  }
});

test("drain: two samples, then a full ring, then odd sizes", () => {
  const test = makeRing();
  produce(test.ring.memory, u32(1));
  produce(test.ring.memory, u32(2));
  assert.deepEqual(drain(test), { result: 2, samples: [u32(1), u32(2)] });
  const full = new Uint8Array(4096 - 8).fill(7);
  assert.ok(produce(test.ring.memory, full));
  assert.ok(!produce(test.ring.memory, new Uint8Array(0)));
  assert.deepEqual(drain(test), { result: 1, samples: [full] });
  const odd = [1, 3, 5, 7, 9, 11].map((size) => new Uint8Array(size).fill(size));
  for (const sample of odd) {
    produce(test.ring.memory, sample);
  }
  assert.deepEqual(drain(test), { result: 6, samples: odd });
  assert.equal(position(test.ring.memory.consumer), position(test.ring.memory.producer));
});

/** Each row: how the ring is broken, and the drain's result, now and for ever. */
const broken: readonly (readonly [string, number, (ring: MachineUserRing) => void])[] = [
  [
    "a misaligned producer (39 bytes of payload, producer += 47)",
    -EINVAL,
    ({ memory }) => {
      putHeader(memory, 0, 39);
      setPosition(memory.producer, 47);
    },
  ],
  [
    "a misaligned producer behind the consumer",
    -EINVAL,
    ({ memory }) => {
      setPosition(memory.consumer, 64);
      setPosition(memory.producer, 7);
    },
  ],
  [
    "a sample longer than what the producer position covers",
    -EINVAL,
    ({ memory }) => {
      putHeader(memory, 0, 17);
      setPosition(memory.producer, 24);
    },
  ],
  [
    "a busy sample that is too long: the length comes first",
    -EINVAL,
    ({ memory }) => {
      putHeader(memory, 0, busy | 4096);
      setPosition(memory.producer, 4096);
    },
  ],
  [
    "a sample larger than the ring",
    -E2BIG,
    ({ memory }) => {
      putHeader(memory, 0, 4096);
      setPosition(memory.producer, 4096 + 8);
    },
  ],
  [
    "a discarded sample larger than the ring: the size comes first",
    -E2BIG,
    ({ memory }) => {
      putHeader(memory, 0, discarded | 4096);
      setPosition(memory.producer, 4096 + 8);
    },
  ],
  [
    "the largest length there is",
    -EINVAL,
    ({ memory }) => {
      putHeader(memory, 0, 0x3fff_ffff);
      setPosition(memory.producer, 4096);
    },
  ],
];

for (const [what, expected, breakIt] of broken) {
  test(`drain: ${what}`, () => {
    const { ring } = makeRing();
    breakIt(ring);
    const before = position(ring.memory.consumer);
    assert.equal(ring.drain(never, 0n), expected);
    assert.equal(ring.drain(never, 0n), expected);
    assert.equal(position(ring.memory.consumer), before);
    assert.equal(ring.bell[0], 0);
  });
}

test("drain: a sample larger than a dynptr can be", () => {
  const { ring } = makeRing(2 ** 25);
  putHeader(ring.memory, 0, 2 ** 24);
  setPosition(ring.memory.producer, 2 ** 24 + 8);
  assert.equal(ring.drain(never, 0n), -E2BIG);
  putHeader(ring.memory, 0, 2 ** 24 - 1);
  assert.equal(
    ring.drain(() => 0, 0n),
    1,
  );
});

test("drain: a consumer past the producer is the end", () => {
  const { ring } = makeRing();
  setPosition(ring.memory.consumer, 64);
  setPosition(ring.memory.producer, 32);
  assert.equal(ring.drain(never, 0n), 0);
});

test("drain: an error after good samples is the result, and what was consumed stays so", () => {
  const test = makeRing();
  produce(test.ring.memory, u32(1));
  putHeader(test.ring.memory, 16, 100);
  setPosition(test.ring.memory.producer, 32);
  assert.deepEqual(drain(test), { result: -EINVAL, samples: [u32(1)] });
  assert.equal(position(test.ring.memory.consumer), 16);
  assert.equal(test.ring.bell[0], 1);
});

test("drain: a busy sample ends it, a discarded one is skipped even when busy too", () => {
  const test = makeRing();
  produce(test.ring.memory, u32(1));
  produce(test.ring.memory, u32(2), busy);
  produce(test.ring.memory, u32(3), discarded);
  produce(test.ring.memory, u32(4));
  assert.deepEqual(drain(test), { result: 1, samples: [u32(1)] });
  putHeader(test.ring.memory, 16, (busy | discarded | 4) >>> 0);
  assert.deepEqual(drain(test), { result: 1, samples: [u32(4)] });
});

test("drain: the callback's 1 stops it, and its sample is consumed and counted", () => {
  const test = makeRing();
  for (let i = 0; i < 4; i++) {
    produce(test.ring.memory, u32(i));
  }
  let calls = 0;
  assert.equal(
    test.ring.drain(() => (++calls === 2 ? 1 : 0), 0n),
    2,
  );
  assert.deepEqual(drain(test).samples, [u32(2), u32(3)]);
});

test("drain: any other result of the callback, or an exception, is a fault; the ring goes on", () => {
  const test = makeRing();
  for (let i = 0; i < 4; i++) {
    produce(test.ring.memory, u32(i));
  }
  for (const result of [2, -1, Number.NaN]) {
    assert.throws(
      () => test.ring.drain(() => result, 0n),
      (error) => error instanceof EbpfError && error.code === "FAULT",
    );
  }
  assert.equal(test.ring.bell[0], 3);
  assert.deepEqual(drain(test), { result: 1, samples: [u32(3)] });
  produce(test.ring.memory, u32(4));
  const thrown = new Error("by the callback");
  assert.throws(
    () =>
      test.ring.drain(() => {
        throw thrown;
      }, 0n),
    (error) => error === thrown,
  );
  assert.deepEqual(drain(test), { result: 0, samples: [] });
});

test("drain: another drain of the same ring is refused", () => {
  const { ring } = makeRing();
  produce(ring.memory, u32(1));
  const results: number[] = [];
  assert.equal(
    ring.drain(() => {
      results.push(ring.drain(never, 0n), ring.drain(never, 2n), ring.drain(never, 4n));
      return 0;
    }, 0n),
    1,
  );
  assert.deepEqual(results, [-EBUSY, -EBUSY, -EINVAL]);
});

test("drain: the consumer position moves only after the callback", () => {
  const { ring } = makeRing();
  produce(ring.memory, u32(1));
  produce(ring.memory, u32(2));
  const positions: number[] = [];
  ring.drain(() => {
    positions.push(position(ring.memory.consumer));
    return 0;
  }, 0n);
  assert.deepEqual([...positions, position(ring.memory.consumer)], [0, 16, 32]);
});

test("drain: who waits for room is woken after anything was consumed, discards too", () => {
  const { ring } = makeRing();
  const rings = (flags: bigint, fill: () => void = () => undefined): number => {
    fill();
    const before = ring.bell[0]!;
    ring.drain(() => 0, flags);
    return ring.bell[0]! - before;
  };
  assert.equal(rings(0n), 0);
  assert.equal(rings(2n), 1);
  assert.equal(rings(3n), 1);
  assert.equal(
    rings(0n, () => produce(ring.memory, u32(1))),
    1,
  );
  assert.equal(
    rings(0n, () => produce(ring.memory, u32(1), discarded)),
    1,
  );
  assert.equal(
    rings(1n, () => produce(ring.memory, u32(1))),
    0,
  );
  assert.equal(
    rings(0n, () => produce(ring.memory, u32(1), busy)),
    0,
  );
});

test("drain: at most 128 * 1024 samples, discarded ones included", () => {
  const { ring } = makeRing(2 ** 21);
  const most = 128 * 1024;
  for (let i = 0; i < most + 10; i++) {
    assert.ok(produce(ring.memory, new Uint8Array(0), i < 100 ? discarded : 0));
  }
  assert.equal(
    ring.drain(() => 0, 0n),
    most - 100,
  );
  assert.equal(
    ring.drain(() => 0, 0n),
    10,
  );
});

test("a closed view says so", () => {
  const { map, ring } = makeRing();
  assert.ok(ring.memory.open);
  map.close!();
  assert.ok(!ring.memory.open);
});

test("user ring: what is produced comes out, in order, through every wrap", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ size: fc.oneof(fc.nat(60), fc.nat(4200)), drop: fc.boolean() }),
      fc.record({ take: fc.nat(10) }),
    ),
    { maxLength: 300, size: "max" },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const test = makeRing();
      const waiting: (Uint8Array | undefined)[] = [];
      for (const [i, step] of all.entries()) {
        if ("size" in step) {
          const payload = new Uint8Array(step.size).fill(i);
          if (produce(test.ring.memory, payload, step.drop ? discarded : 0)) {
            waiting.push(step.drop ? undefined : payload);
          }
          continue;
        }
        const expected = [];
        let calls = 0;
        while (waiting.length > 0 && expected.length < step.take + 1) {
          const next = waiting.shift();
          if (next !== undefined) {
            expected.push(next);
          }
        }
        const got: Uint8Array[] = [];
        const result = test.ring.drain((address, size) => {
          got.push(test.bytesAt(address, size));
          return calls++ === step.take ? 1 : 0;
        }, 0n);
        assert.deepEqual(got, expected);
        assert.equal(result, expected.length);
      }
    }),
  );
});

test("user ring: whatever stands in it, a drain stays inside and ends", () => {
  const words = fc.oneof(
    fc.nat(64),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.constantFrom(4088, 4096, busy | 8, discarded | 8),
  );
  fc.assert(
    fc.property(
      fc.array(words, { minLength: 1, maxLength: 64 }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 8192n }),
      (data, consumer, ahead) => {
        const { ring, map } = makeRing();
        const all = new Int32Array(
          ring.memory.data.buffer,
          ring.memory.data.byteOffset,
          ring.memory.data.byteLength / 4,
        );
        all.forEach((_, i) => (all[i] = data[i % data.length]!));
        setPosition(ring.memory.consumer, consumer);
        setPosition(ring.memory.producer, BigInt.asUintN(64, consumer + ahead));
        const result = ring.drain((address, size) => {
          assert.ok(address >= map.image.address && address + size <= map.image.address + 8192);
          return 0;
        }, 0n);
        assert.ok(result >= 0 || result === -EINVAL || result === -E2BIG);
      },
    ),
    { numRuns: 500 },
  );
});

test("totals as the kernel rounds them", () => {
  assert.deepEqual([0, 1, 8, 9].map(totalOf), [8, 16, 16, 24]);
});
