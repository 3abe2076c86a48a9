import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MachineMap, MachineRing } from "../../src/engine/embedded/machine/machine-map.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { EbpfError, SyscallError } from "../../src/base/errors.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { busy, consume, discarded, position, setPosition, totalOf } from "./reference-ring.ts";
import { cpus, makeMap, specOf, u32 } from "./test-map.ts";

const [EAGAIN, EINVAL, ENOTSUPP] = [11, 22, 524];

interface TestRing {
  readonly map: MachineMap;
  readonly ring: MachineRing;
  readonly address: number;
  readonly size: number;
}

function makeRing(size = 4096): TestRing {
  const { map, image } = makeMap(specOf(MapType.RINGBUF, 0, 0, size));
  return { map, ring: map.ring!, address: image.address, size: image.maxEntries };
}

function headerAt(ring: MachineRing, offset: number): [number, number] {
  const view = new DataView(ring.memory.data.buffer, ring.memory.data.byteOffset);
  return [view.getUint32(offset, true), view.getUint32(offset + 4, true)];
}

test("ring: no keys", () => {
  const { map } = makeRing();
  const unsupported = (error: unknown) =>
    error instanceof SyscallError && error.errno === ENOTSUPP && error.code === "NOT_SUPPORTED";
  assert.equal(map.lookup(0, 0), 0);
  assert.equal(map.update(u32(0), u32(0), 0, 0), -ENOTSUPP);
  assert.equal(map.write(u32(0), u32(0), 0), -ENOTSUPP);
  assert.equal(map.delete(u32(0)), -ENOTSUPP);
  assert.throws(() => map.read(u32(0)), unsupported);
  assert.throws(() => map.nextKey(undefined), unsupported);
});

test("reserve: what gives NULL, and what does not", () => {
  for (const [size, flags] of [
    [8, 1n],
    [8, 1n << 63n],
    [0x4000_0000, 0n],
    [2 ** 64, 0n],
    [4096, 0n],
    [4089, 0n],
    [Number.NaN, 0n],
    [-1, 0n],
  ] as const) {
    const { ring } = makeRing();
    assert.equal(ring.reserve(size, flags), 0, `size ${size}, flags ${flags}`);
    assert.equal(position(ring.memory.producer), 0);
  }
  // A record may be as long as the ring, but the ring is never quite full: the largest payload is size - 16.
  assert.equal(makeRing().ring.reserve(4088, 0n), 0);
  assert.equal(makeRing().ring.reserve(4081, 0n), 0);
  const largest = makeRing();
  assert.equal(largest.ring.reserve(4080, 0n), largest.address + 8);
  assert.equal(largest.ring.reserve(0, 0n), 0);
  const empty = makeRing();
  assert.equal(empty.ring.reserve(0, 0n), empty.address + 8);
  assert.equal(position(empty.ring.memory.producer), 8);
});

test("reserve writes a busy header with the page of the record", () => {
  const { ring, address } = makeRing(16384);
  assert.equal(ring.reserve(13, 0n), address + 8);
  assert.deepEqual(headerAt(ring, 0), [(busy | 13) >>> 0, 3]);
  assert.equal(ring.lengthAt(address + 8), 13);
  assert.equal(ring.reserve(8192, 0n), address + 24 + 8);
  assert.equal(ring.reserve(1, 0n), address + 24 + 8200 + 8);
  assert.deepEqual(headerAt(ring, 24 + 8200), [(busy | 1) >>> 0, 5]);
});

test("commit: two submits and a discard are three records in the positions", () => {
  const { ring } = makeRing();
  const [first, second, third] = [ring.reserve(8, 0n), ring.reserve(8, 0n), ring.reserve(8, 0n)];
  ring.discard(second, 0n);
  assert.equal(consume(ring.memory), undefined);
  ring.submit(first, 0n);
  ring.submit(third, 0n);
  assert.equal(ring.query(3n), 48n);
  assert.deepEqual(headerAt(ring, 16), [discarded | 8, 3]);
  assert.deepEqual(
    [consume(ring.memory), consume(ring.memory), consume(ring.memory)].map((seen) => seen?.discarded),
    [false, true, false],
  );
  assert.equal(consume(ring.memory), undefined);
});

test("commit of what is not reserved is a fault, and changes nothing", () => {
  const { ring, address, size } = makeRing();
  const record = ring.reserve(64, 0n);
  const isFault = (error: unknown) => error instanceof EbpfError && error.code === "FAULT";
  for (const wrong of [0, address, record + 8, record + 1, address + size + 8, address + 2 * size, -8, Number.NaN]) {
    assert.throws(() => ring.submit(wrong, 0n), isFault, `address ${wrong}`);
    assert.throws(() => ring.discard(wrong, 0n), isFault);
  }
  ring.submit(record, 0n);
  assert.throws(() => ring.submit(record, 0n), isFault);
  assert.equal(consume(ring.memory)?.length, 64);
});

test("wake-up: adaptive, forced, never", () => {
  const { ring } = makeRing();
  const rings = (deed: () => void): number => {
    const before = ring.bell[0]!;
    deed();
    return ring.bell[0]! - before;
  };
  const send = (flags: bigint) => rings(() => ring.submit(ring.reserve(8, 0n), flags));
  assert.equal(send(0n), 1); // the consumer stands at this record
  assert.equal(send(0n), 0); // the consumer is behind
  assert.equal(send(2n), 1);
  consume(ring.memory);
  consume(ring.memory);
  consume(ring.memory);
  assert.equal(send(1n), 0);
  consume(ring.memory);
  assert.equal(send(3n), 1); // both: forced
  consume(ring.memory);
  // The first of two becomes ready last: the consumer waits for it.
  const [first, second] = [ring.reserve(8, 0n), ring.reserve(8, 0n)];
  assert.equal(
    rings(() => ring.submit(second, 0n)),
    0,
  );
  assert.equal(
    rings(() => ring.discard(first, 0n)),
    1,
  );
  assert.equal(
    rings(() => ring.output(u32(1), 2n)),
    1,
  );
});

test("output: return codes", () => {
  const { ring } = makeRing();
  assert.equal(ring.output(u32(1), 4n), -EINVAL);
  assert.equal(ring.output(u32(1), 1n << 40n), -EINVAL);
  assert.equal(ring.output(new Uint8Array(5000), 0n), -EAGAIN);
  assert.equal(ring.output(Uint8Array.of(1, 2, 3), 3n), 0);
  assert.deepEqual(consume(ring.memory), { length: 3, discarded: false, payload: Uint8Array.of(1, 2, 3) });
  while (ring.output(new Uint8Array(100), 0n) === 0);
  assert.equal(ring.output(new Uint8Array(100), 0n), -EAGAIN);
  assert.equal(position(ring.memory.producer) - position(ring.memory.consumer), 37 * 112 - 112);
});

test("query", () => {
  const { ring } = makeRing();
  for (let i = 0; i < 3; i++) {
    ring.output(new Uint8Array(8), 0n);
  }
  consume(ring.memory);
  assert.deepEqual(
    [0n, 1n, 2n, 3n, 4n, 5n, 1n << 63n].map((what) => ring.query(what)),
    [32n, 4096n, 16n, 48n, 0n, 0n, 0n],
  );
  setPosition(ring.memory.consumer, 49);
  assert.equal(ring.query(0n), 2n ** 64n - 1n);
});

test("a record that passes the end runs on in the second half", () => {
  const { ring, address, size } = makeRing();
  ring.output(new Uint8Array(4000), 0n);
  consume(ring.memory);
  const record = ring.reserve(200, 0n);
  assert.equal(record, address + 4008 + 8);
  const payload = Uint8Array.from({ length: 200 }, (_, i) => i);
  ring.memory.data.set(payload, record - address);
  ring.submit(record, 0n);
  assert.deepEqual(consume(ring.memory)?.payload, payload);
  const next = ring.reserve(8, 0n);
  assert.equal(next, address + ((4008 + 208) % size) + 8);
});

test("positions pass 2^32", () => {
  const { ring, map } = makeRing();
  const start = 2n ** 32n - 64n;
  setPosition(ring.memory.consumer, start);
  setPosition(ring.memory.producer, start);
  new BigUint64Array(ring.memory.data.buffer, map.image.state + 256, 1)[0] = start;
  for (let i = 0; i < 20; i++) {
    assert.equal(ring.output(u32(i), 0n), 0);
    assert.deepEqual(consume(ring.memory)?.payload, u32(i));
  }
  assert.equal(ring.query(3n), start + 320n);
});

test("a forged consumer position cannot make reserve overrun a record that is not committed", () => {
  const { ring } = makeRing(0x40000);
  assert.notEqual(ring.reserve(0x3000, 0n), 0);
  for (const forged of [0x30000n, 0x3008n, 0x40000n, 2n ** 64n - 8n]) {
    setPosition(ring.memory.consumer, forged);
    while (ring.reserve(0x8000, 0n) !== 0);
    assert.ok(position(ring.memory.producer) < 0x40000);
  }
});

test("a forged producer position or header ends in NULL, not in a hang", () => {
  for (const forged of [2n ** 63n, 4096n, 2n ** 64n - 8n]) {
    const { ring } = makeRing();
    setPosition(ring.memory.producer, forged);
    assert.equal(ring.reserve(8, 0n), 0);
  }
  const { ring } = makeRing();
  ring.output(u32(1), 0n);
  ring.memory.data.fill(0x3f, 0, 4);
  assert.equal(ring.reserve(8, 0n), 0);
});

test("every thread's view is the same ring; a closed view says so", () => {
  const { map, image, memory } = makeMap(specOf(MapType.RINGBUF, 0, 0, 4096));
  const other = openMap(structuredClone(image), memory, cpus);
  map.ring!.output(u32(5), 0n);
  assert.deepEqual(consume(other.ring!.memory)?.payload, u32(5));
  assert.equal(map.ring!.query(0n), 0n);
  map.close!();
  assert.deepEqual([map.ring!.memory.open, other.ring!.memory.open], [false, true]);
});

type Step =
  | { readonly deed: "reserve"; readonly size: number }
  | { readonly deed: "submit" | "discard"; readonly which: number }
  | { readonly deed: "consume" }
  | { readonly deed: "forge"; readonly by: number };

const sizes = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 4100 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ deed: fc.constant("reserve" as const), size: sizes }),
  fc.record({ deed: fc.constantFrom("submit" as const, "submit" as const, "discard" as const), which: fc.nat(50) }),
  fc.record({ deed: fc.constant("consume" as const) }),
);
const forge: fc.Arbitrary<Step> = fc.record({
  deed: fc.constant("forge" as const),
  by: fc.integer({ min: -9000, max: 9000 }),
});

interface Model {
  readonly start: number;
  readonly size: number;
  readonly tag: number;
  state: "busy" | "submitted" | "discarded";
}

/** Runs steps against a list of records. Only what the list says may be reserved is, and payloads stay as written. */
function checkRing(steps: readonly Step[], forged: boolean): void {
  const { ring, address, size } = makeRing();
  const records: Model[] = [];
  let [producer, consumer] = [0, 0];
  const reserved = () => records.filter((record) => record.state === "busy");
  for (const [i, now] of steps.entries()) {
    if (now.deed === "reserve") {
      const oldest = reserved()[0]?.start ?? producer;
      const end = producer + totalOf(now.size);
      const room = end - consumer <= size - 1 && end >= consumer && end - oldest <= size - 1;
      const result = ring.reserve(now.size, 0n);
      assert.equal(result !== 0, room, `reserve ${now.size}`);
      if (room) {
        assert.equal(result, address + (producer % size) + 8);
        ring.memory.data.fill(i, result - address, result - address + now.size);
        records.push({ start: producer, size: now.size, tag: i & 255, state: "busy" });
        producer = end;
      }
    } else if (now.deed === "submit" || now.deed === "discard") {
      const candidates = reserved();
      const record = candidates[now.which % candidates.length];
      if (record !== undefined) {
        const at = (record.start % size) + 8;
        assert.equal(ring.lengthAt(address + at), record.size);
        assert.ok(ring.memory.data.subarray(at, at + record.size).every((byte) => byte === record.tag));
        ring[now.deed](address + at, 0n);
        record.state = now.deed === "submit" ? "submitted" : "discarded";
      }
    } else if (now.deed === "forge") {
      consumer = Math.max(0, Math.floor((consumer + now.by) / 8) * 8);
      setPosition(ring.memory.consumer, consumer);
    } else if (!forged) {
      const record = records[0];
      const seen = consume(ring.memory);
      assert.equal(seen !== undefined, record !== undefined && record.state !== "busy");
      if (seen !== undefined) {
        assert.deepEqual(seen, {
          length: record!.size,
          discarded: record!.state === "discarded",
          payload: new Uint8Array(record!.size).fill(record!.tag),
        });
        consumer += totalOf(record!.size);
        records.shift();
      }
    }
    assert.equal(position(ring.memory.producer), producer);
  }
}

test("ring: behaves as a list of records", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => checkRing(steps, false)),
    { numRuns: 300 },
  );
});

test("ring: whatever the consumer position says, no uncommitted record is overrun", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(step, forge), { maxLength: 300, size: "max" }), (steps) => checkRing(steps, true)),
    { numRuns: 300 },
  );
});
