/**
 * The codec of the record format, against what programs write and drain. With EBPF_TS_RING_CAPTURE the kernel's last ring goes into that
 * file (test/ring/captures/README.md).
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { parseBtf } from "../../src/btf/index.ts";
import {
  checkHeader,
  decodeHeader,
  decodeRing,
  encodeHeader,
  encodeRing,
  linuxMetaPages,
  pageOffsetAt,
  recordSize,
  type RingLayout,
} from "../../src/ring/index.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { payload } from "../ring/kernel-model.ts";
import { captureToPages } from "../ring/ring-capture.ts";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";
import { RecordWriter } from "./record-writer.ts";

const seed = 6_18;
const laps = 12;
const captureFile = process.env["EBPF_TS_RING_CAPTURE"];

function pageSizeOf(engine: string): number {
  return engine === "kernel" ? linuxSys().pageSize() : 4096;
}

/** Fills the ring again and again, looking at all of it before each time that room is made. */
async function fillAndLook(writer: RecordWriter, look: () => void): Promise<void> {
  const end = BigInt(writer.memory.size * laps);
  while (writer.producer < end) {
    if (await writer.writeRandom()) continue;
    look();
    writer.keep(2);
  }
}

onEachEngine("record format: what programs write", (engine) => {
  it("every header is decoded and found right over many laps, and encoded again to the same bytes", async () => {
    await using writer = await RecordWriter.open(engine, seed);
    const { memory } = writer;
    const layout: RingLayout = { size: memory.size, origin: "linux", pageSize: pageSizeOf(engine) };
    const seen = { records: 0, discarded: 0, busy: 0, wrapped: 0, pages: new Set<number>() };

    const look = (): void => {
      const window = { from: writer.consumer, to: writer.producer, layout };
      // The embedded engine's second half is memory of its own; in the kernel's it is the first one again.
      const data = memory.data.slice();
      const records = [...decodeRing(data, window)];
      if (engine === "kernel") assert.deepEqual([...decodeRing(data.subarray(0, memory.size), window)], records);
      assert.deepEqual(
        records.map((record) => ({
          position: record.position,
          payload: record.payload,
          busy: record.busy,
          discarded: record.discarded,
        })),
        writer.written,
      );
      const again = encodeRing(records, layout, window.from).data;
      for (const { position, length, pageOffset, busy, discarded } of records) {
        const at = Number(position % BigInt(memory.size));
        const end = at + 8 + length;
        // Padding is whatever was there before.
        assert.deepEqual(again.subarray(at, end), data.subarray(at, end));
        const header = decodeHeader(data, at);
        checkHeader(header, { position, producer: window.to, layout });
        assert.deepEqual(encodeHeader(header), data.slice(at, at + 8));
        assert.equal(pageOffsetAt(position, layout), pageOffset);
        assert.throws(
          () => checkHeader(header, { position, producer: window.to, layout: { ...layout, origin: "windows" } }),
          {
            code: "BAD_RING",
            message: new RegExp(`claims to begin in page ${pageOffset}, but stands in page ${pageOffset - 3}$`),
          },
        );
        seen.records += 1;
        seen.busy += Number(busy);
        seen.discarded += Number(discarded);
        seen.wrapped += Number(at + recordSize(length) > memory.size);
        seen.pages.add(pageOffset);
      }
    };

    await fillAndLook(writer, look);
    look();
    writer.makeRoom(128);
    await writer.whileHeld(() => {
      look();
      if (captureFile === undefined || engine !== "kernel") return;
      const { consumer, producer } = writer;
      const data = memory.data.slice(0, memory.size);
      writeFileSync(captureFile, captureToPages({ pageSize: pageSizeOf(engine), consumer, producer, data }));
    });
    const pages = Array.from({ length: memory.size / layout.pageSize! }, (_, i) => 3 + i);
    assert.deepEqual([...seen.pages].sort(), pages);
    assert.equal(seen.busy, 1);
    assert.ok(seen.records > 200 && seen.discarded > 30 && seen.wrapped >= laps / 2, JSON.stringify(seen));
  });

  it("what the codec writes into a user ring is drained, byte for byte, around the end of the ring", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const { memory } = loaded.ring("samples");
    const replies = loaded.bpf.ringBuf("replies");
    const layout: RingLayout = { size: memory.size, origin: "user" };
    for (let lap = 0; lap < 8; lap += 1) {
      const from = Atomics.load(memory.consumer, 0);
      const samples = Array.from({ length: 9 }, (_, i) => ({
        payload: payload(lap * 9 + i, (lap * 131 + i * 37) % 400),
        discarded: i % 4 === 3,
      }));
      const { data, to } = encodeRing(samples, layout, from);
      // A record that passes the end runs on in the second half, and the next ones begin in the first one.
      for (const { position, length } of decodeRing(data, { from, to, layout })) {
        const at = Number(position % BigInt(memory.size));
        memory.data.set(data.subarray(at, at + 8 + length), at);
      }
      Atomics.store(memory.producer, 0, to);
      const { result } = await loaded.call("drain_echo");
      const submitted = samples.filter(({ discarded }) => !discarded).map((sample) => sample.payload);
      assert.equal(result, BigInt(submitted.length));
      const echoed: Uint8Array[] = [];
      replies.drain((record) => void echoed.push(record.bytes()));
      assert.deepEqual(echoed, submitted);
      assert.equal(Atomics.load(memory.consumer, 0), to);
    }
  });
});

onKernel("record format: the kernel's struct", () => {
  it("has as many pages before its data as the codec counts", () => {
    const btf = parseBtf(readFileSync("/sys/kernel/btf/vmlinux"));
    const [ring] = btf.find("bpf_ringbuf", "struct");
    assert.ok(ring?.kind === "struct");
    const offsetOf = (name: string): number => ring.members.find((member) => member.name === name)!.bitOffset / 8;
    const page = linuxSys().pageSize();
    assert.equal(offsetOf("consumer_pos"), page);
    assert.equal(offsetOf("producer_pos"), 2 * page);
    assert.equal(offsetOf("data"), linuxMetaPages * page);
  });
});
