import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { PerfEventArray } from "../../src/map/perf/perf-event-array.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import type { RingMemory } from "../../src/ring/ring-memory.ts";

/** Positions and headers change while a ring is read, to whatever: it ends, with an error of ours or none, within the ring. */
const rounds = 1500;
const size = 256;
/** More than any sane or insane ring hands out in one drain. */
const most = 20_000;
const far = [0n, 1n, 7n, 2n ** 31n, 2n ** 32n - 8n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 8n, 2n ** 63n, 2n ** 64n - 8n];
const bell = (): { arm(): void; close(): void } => ({ arm: () => {}, close: () => {} });

/** Numbers below `count`, the same in every run. */
function randomFrom(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

type Random = ReturnType<typeof randomFrom>;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)]!;
}

function makeMemory(overwrites: boolean): RingMemory & { open: boolean } {
  const buffer = new SharedArrayBuffer(64 + 2 * size);
  const cell = (at: number): BigUint64Array => new BigUint64Array(buffer, at, 1);
  const data = new Uint8Array(buffer, 64, 2 * size);
  return { size, consumer: cell(0), producer: cell(8), overwrite: overwrites ? cell(16) : undefined, data, open: true };
}

function forge(random: Random, { consumer, producer, overwrite, data }: RingMemory): void {
  const headers = new Uint32Array(data.buffer, data.byteOffset, size / 4);
  const near = (of: BigUint64Array): bigint => BigInt.asUintN(64, of[0]! + BigInt(8 * (random(70) - 5)));
  const changes = [
    () => (consumer[0] = pick(random, [near(producer), consumer[0]! + 3n, pick(random, far)])),
    () => (producer[0] = pick(random, [near(consumer), producer[0]! + 3n, pick(random, far)])),
    () => overwrite && (overwrite[0] = pick(random, [near(consumer), near(producer), pick(random, far)])),
    () =>
      (headers[2 * random(size / 8)] = pick(random, [0x8000_0000, 0x4000_0008, 0x3fff_ffff, 0xffff_ffff, random(300)])),
    () => headers.fill(pick(random, [0, 8, 16, 0x4000_0000])),
    () => {
      consumer[0] = pick(random, far) & ~7n;
      producer[0] = BigInt.asUintN(64, consumer[0] + BigInt(8 * random(33)));
      if (overwrite !== undefined) overwrite[0] = near(consumer);
    },
  ];
  pick(random, changes)();
}

function sound(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    assert.ok(error.code === "BAD_RING" || error.code === "CLOSED", error.message);
  }
}

describe("a ring that is forged while it is read", () => {
  for (const overwrites of [false, true]) {
    it(`drains, batches and events end soundly (${overwrites ? "overwriting" : "waiting"} producer)`, async () => {
      const random = randomFrom(overwrites ? 2 : 1);
      for (let round = 0; round < rounds; round += 1) {
        const memory = makeMemory(overwrites);
        using ring = new RingBuf({ name: "forged", ring: { memory, bell, waitSync: () => false } });
        for (let step = 0; step < 8; step += 1) {
          forge(random, memory);
          forge(random, memory);
          let seen = 0;
          const look = (record: { bytes(): Uint8Array }): void => {
            assert.ok(record.bytes().length <= size);
            if (random(6) === 0) forge(random, memory);
            assert.ok((seen += 1) < most);
          };
          sound(() => void ring.drain(look));
          sound(() => void ring.drainBlocking(look, { timeoutMs: 0 }));
          const batches = ring.batches();
          const next = batches.next().then(
            ({ value }) => sound(() => [...(value ?? [])].forEach(look)),
            (error: unknown) => sound(() => assert.fail(error as Error)),
          );
          await Promise.race([next, Promise.resolve()]);
          await batches.return();
          await next;
        }
      }
    });
  }

  it("perf rings too", () => {
    const random = randomFrom(3);
    for (let round = 0; round < rounds; round += 1) {
      const buffer = new SharedArrayBuffer(2 * 4096);
      const cell = (at: number): BigUint64Array => new BigUint64Array(buffer, at, 1);
      const memory = { size: 4096, head: cell(0), tail: cell(8), data: new Uint8Array(buffer, 4096), open: true };
      const view = new DataView(buffer, 4096);
      const spoil = (): void => {
        memory.head[0] = pick(random, [memory.tail[0]! + BigInt(8 * random(520)), pick(random, far)]);
        for (let at = 0; at + 16 <= 4096; at += pick(random, [8, 16, 64])) {
          view.setUint32(at, pick(random, [9, 9, 9, 2, 13, random(20)]), true);
          view.setUint16(at + 6, pick(random, [16, 24, 64, 0, 8, random(65_536)]), true);
          view.setUint32(at + 8, random(64), true);
        }
      };
      const perf = { rings: [{ cpu: 0, memory }], bell, setPaused: () => {}, close: () => {} };
      using array = new PerfEventArray({ name: "forged", open: () => ({ perf, overwritable: false }) });
      using flight = new PerfEventArray({ name: "forged", open: () => ({ perf, overwritable: true }) });
      for (let step = 0; step < 4; step += 1) {
        spoil();
        let seen = 0;
        sound(() => {
          array.drain((record) => {
            assert.ok(record.bytes().length <= 65_536);
            if (random(6) === 0) spoil();
            assert.ok((seen += 1) < most);
          });
        });
        sound(() => void flight.snapshot());
        sound(() => void array.available);
      }
    }
  });
});
