import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeRing, encodeRing, RingConsumer, type RingLayout, type RingRecord } from "../../src/ring/index.ts";
import { makeMemory } from "./kernel-model.ts";
import { capturePath, captureToPages, pagesToCapture } from "./ring-capture.ts";

const file = new Uint8Array(readFileSync(capturePath));
const { pageSize, consumer, producer, data } = pagesToCapture(file, 4096);
const size = data.length;
const layout: RingLayout = { size, origin: "linux", pageSize };
const window = { from: consumer, to: producer, layout };

function at(position: bigint): number {
  return Number(position % BigInt(size));
}

describe("record format: a ring captured from Linux 6.18", () => {
  const records = [...decodeRing(data, window)];
  const found = (position: bigint): RingRecord | undefined => records.find((record) => record.position === position);

  it("holds what the program wrote", () => {
    assert.equal(records.length, 57);
    assert.equal(records.filter(({ discarded }) => discarded).length, 13);
    assert.deepEqual(
      records.filter(({ busy }) => busy).map(({ position, length }) => [position, length]),
      [[98416n, 40]],
    );
    for (const { payload } of records) {
      assert.ok(payload.every((byte, i) => byte === ((payload[0]! + 7 * i) & 0xff)));
    }
  });

  it("counts pages from three before the data, by where the header is", () => {
    // The last 8 bytes of the first page of data, with the payload in the second one.
    assert.deepEqual([at(94200n), found(94200n)?.pageOffset, found(94200n)?.length], [4088, 3, 98]);
    assert.equal(found(94312n)?.pageOffset, 4);
    // Begins in the last page and runs on into the first one.
    assert.deepEqual([at(97976n), found(97976n)?.pageOffset, found(97976n)?.length], [7864, 4, 425]);
    assert.equal(found(98416n)?.pageOffset, 3);
  });

  it("is encoded again to the same headers and payloads", () => {
    const again = encodeRing(records, layout, consumer);
    assert.equal(again.to, producer);
    const twice = new Uint8Array(2 * size);
    twice.set(data);
    twice.set(data, size);
    for (const { position, length } of records) {
      const start = at(position);
      assert.deepEqual(again.data.subarray(start, start + 8 + length), twice.subarray(start, start + 8 + length));
    }
    const pages = captureToPages({ pageSize, consumer, producer, data });
    assert.deepEqual(pages, file);
  });

  it("is read alike by the consumer, up to the busy record", () => {
    const memory = makeMemory(size, { start: consumer });
    memory.data.set(data);
    memory.data.set(data, size);
    memory.producer[0] = producer;
    const seen: Uint8Array[] = [];
    const reader = new RingConsumer(memory);
    const { state, discarded } = reader.drain(
      (bytes, start, length) => void seen.push(bytes.slice(start, start + length)),
    );
    const upToBusy = records.slice(
      0,
      records.findIndex(({ busy }) => busy),
    );
    assert.equal(state, "busy");
    assert.equal(discarded, upToBusy.filter((record) => record.discarded).length);
    assert.deepEqual(
      seen,
      upToBusy.filter((record) => !record.discarded).map(({ payload }) => payload),
    );
  });

  it("a page offset that differs in any bit is found out", () => {
    for (const { position } of records) {
      for (let bit = 0; bit < 32; bit += 1) {
        const changed = data.slice();
        changed[at(position) + 4 + (bit >> 3)]! ^= 1 << (bit & 7);
        assert.throws(() => [...decodeRing(changed, window)], {
          code: "BAD_RING",
          message: new RegExp(`^Cannot decode the record at position ${position}: it claims to begin in page `),
        });
      }
    }
  });

  it("no change of the first words goes further than an error, or records inside the ring", () => {
    for (const { position } of records) {
      for (let bit = 0; bit < 32; bit += 1) {
        const changed = data.slice();
        changed[at(position) + (bit >> 3)]! ^= 1 << (bit & 7);
        let end = consumer;
        try {
          for (const record of decodeRing(changed, window)) {
            assert.equal(record.position, end);
            assert.equal(record.payload.length, record.length);
            end += BigInt((8 + record.length + 7) & ~7);
          }
          assert.equal(end, producer);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "BAD_RING", String(error));
        }
      }
    }
  });
});
