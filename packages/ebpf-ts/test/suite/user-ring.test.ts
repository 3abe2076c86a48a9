import assert from "node:assert/strict";
import { it } from "node:test";
import type { RingMemory } from "../../src/ring/ring-memory.ts";
import { E2BIG, EBUSY, EINVAL, fixture, onEachEngine } from "./fixture.ts";

const ringSize = 4096;
const headerSize = 8;
const discardBit = 0x4000_0000;
const busyBit = 0x8000_0000;
const noWakeup = 1n;
const forceWakeup = 2n;

/** Writes a header and a producer position by hand, as a producer would that does not keep to the protocol. */
function forge(memory: RingMemory, header: number, producer: bigint): void {
  new DataView(memory.data.buffer, memory.data.byteOffset).setUint32(0, header, true);
  Atomics.store(memory.producer, 0, producer);
}

function numbered(length: number, value: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

onEachEngine("user ring: what a drain refuses", (engine) => {
  const cases = [
    { title: "a producer position that is not a multiple of 8", header: 39, producer: 47n, error: EINVAL },
    { title: "a record that is longer than what was produced", header: 32, producer: 16n, error: EINVAL },
    {
      title: "a record that is larger than the ring",
      header: ringSize,
      producer: BigInt(ringSize + headerSize),
      error: E2BIG,
    },
  ];
  for (const { title, header, producer, error } of cases) {
    it(`${title}, and the ring stays poisoned`, async () => {
      await using loaded = await fixture(engine, "user-ring");
      forge(loaded.ring("samples").memory, header, producer);
      for (let turn = 0; turn < 2; turn += 1) {
        const { result, seen } = await loaded.call("drain_count");
        assert.equal(result, error);
        assert.equal(seen, 0n);
      }
      assert.equal(loaded.ring("samples").memory.consumer[0], 0n);
    });
  }

  it("flags that nobody knows", async () => {
    await using loaded = await fixture(engine, "user-ring");
    loaded.bpf.userRingBuf("samples").send(numbered(8, 1));
    assert.equal((await loaded.call("drain_count", { flags: 4n })).result, EINVAL);
    for (const flags of [0n, noWakeup, forceWakeup]) {
      assert.ok((await loaded.call("drain_count", { flags })).result >= 0n);
    }
  });

  it("a drain inside a drain", async () => {
    await using loaded = await fixture(engine, "user-ring");
    loaded.bpf.userRingBuf("samples").send(numbered(8, 1));
    const { result, inner } = await loaded.call("drain_nested");
    assert.equal(result, 1n);
    assert.equal(inner, EBUSY);
    assert.equal((await loaded.call("drain_count")).result, 0n);
  });
});

onEachEngine("user ring: what a drain delivers", (engine) => {
  it("nothing from an empty ring", async () => {
    await using loaded = await fixture(engine, "user-ring");
    assert.equal((await loaded.call("drain_count")).result, 0n);
  });

  it("two samples", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    ring.send(numbered(8, 20));
    ring.send(numbered(8, 22));
    const { result, sum } = await loaded.call("drain_sum");
    assert.equal(result, 2n);
    assert.equal(sum, 42n);
  });

  it("one record that fills the whole ring", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    ring.send(numbered(ringSize - headerSize, 7));
    assert.throws(() => ring.reserve(0), { code: "NO_SPACE" });
    const { result, sum } = await loaded.call("drain_sum");
    assert.equal(result, 1n);
    assert.equal(sum, 7n);
    ring.send(numbered(ringSize - headerSize, 8));
  });

  it("every size, also odd ones, byte for byte, around the end of the ring", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    const replies = loaded.bpf.ringBuf("replies", { type: "request" });
    for (let size = 1; size < 300; size += 7) {
      const sent = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff);
      ring.send(sent);
      const { result, sum, inner } = await loaded.call("drain_echo");
      assert.deepEqual([result, sum, inner], [1n, BigInt(size), 0n]);
      const received: Uint8Array[] = [];
      replies.drain((record) => {
        received.push(record.bytes());
      });
      assert.deepEqual(received, [sent]);
    }
  });

  it("exactly what fits, when five times the ring is written", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    const size = 56;
    let accepted = 0;
    for (let i = 0; i < (ringSize / (size + headerSize)) * 5; i += 1) {
      if (ring.trySend(numbered(size, 1))) accepted += 1;
    }
    assert.equal(accepted, ringSize / (size + headerSize));
    assert.equal((await loaded.call("drain_sum")).sum, BigInt(accepted));
  });

  it("no discarded sample, and none that is still busy", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    const discarded = ring.reserve(8);
    const busy = ring.reserve(8);
    const last = ring.reserve(8);
    discarded.discard();
    last.bytes.set(numbered(8, 3));
    last.submit();
    assert.equal((await loaded.call("drain_sum")).result, 0n, "the busy one holds up the one behind it");
    busy.bytes.set(numbered(8, 2));
    busy.submit();
    const { result, sum } = await loaded.call("drain_sum");
    assert.equal(result, 2n);
    assert.equal(sum, 5n);
  });

  it("a header that is both discarded and busy is skipped", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const { memory } = loaded.ring("samples");
    forge(memory, discardBit + busyBit + 8, 16n);
    assert.equal((await loaded.call("drain_count")).result, 0n);
    assert.equal(memory.consumer[0], 16n);
  });

  it("8192 samples in batches, none lost, none twice", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    let [sent, seen, sum] = [0, 0n, 0n];
    while (sent < 8192) {
      while (sent < 8192 && ring.trySend(numbered(24, sent))) sent += 1;
      const drained = await loaded.call("drain_sum");
      seen += drained["result"];
      sum += drained["sum"];
    }
    assert.equal(seen, 8192n);
    assert.equal(sum, (8191n * 8192n) / 2n);
  });

  it("up to the sample at which the callback stops, that one included", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    for (let i = 0; i < 5; i += 1) ring.send(numbered(8, i));
    assert.equal((await loaded.call("drain_count", { limit: 2n })).result, 2n);
    assert.equal((await loaded.call("drain_count")).result, 3n);
  });

  it("at most 128 * 1024 samples a call", async () => {
    await using loaded = await fixture(engine, "user-ring-wide");
    const ring = loaded.bpf.userRingBuf("samples");
    const empty = new Uint8Array(0);
    for (let i = 0; i < 128 * 1024 + 5; i += 1) ring.send(empty);
    assert.equal((await loaded.call("drain")).result, 131072n);
    assert.equal((await loaded.call("drain")).result, 5n);
  });
});

onEachEngine("user ring: both directions", (engine) => {
  it("64 requests are answered in order through the other ring", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const requests = loaded.bpf.userRingBuf("samples");
    const replies = loaded.bpf.ringBuf("replies");
    const operations = ["OPERATION_ADD", "OPERATION_MULTIPLY", "OPERATION_XOR", "OPERATION_ECHO"];
    const expected: unknown[] = [];
    let total = 1n;
    loaded.bpf.variable("total").set(total);
    for (let sequence = 0; sequence < 64; sequence += 1) {
      const operand = BigInt(sequence + 1);
      const operation = operations[sequence % 4]!;
      requests.send({ operation, sequence, operand });
      if (sequence % 4 === 0) total += operand;
      else if (sequence % 4 === 1) total = BigInt.asIntN(64, total * operand);
      else if (sequence % 4 === 2) total ^= operand;
      expected.push({ operation, sequence, total, status: 0n });
    }
    assert.equal((await loaded.call("answer")).result, 64n);
    const received: unknown[] = [];
    for await (const reply of replies) {
      received.push(reply);
      if (received.length === 64) break;
    }
    assert.deepEqual(received, expected);
    assert.equal(loaded.bpf.variable("total").get(), total);
  });
});

onEachEngine("user ring: waiting for room", (engine) => {
  it("times out when nobody drains", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    ring.send(new Uint8Array(ringSize - headerSize));
    await assert.rejects(ring.reserveWhenFree(8, { timeoutMs: 50 }), { code: "NO_SPACE" });
  });

  it("goes on when a drain makes room", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    ring.send(new Uint8Array(ringSize - headerSize));
    const waiting = ring.reserveWhenFree(8, { timeoutMs: 20_000 });
    assert.equal((await loaded.call("drain_count")).result, 1n);
    (await waiting).submit();
    assert.equal((await loaded.call("drain_count")).result, 1n);
  });

  it("ends when its signal is aborted", async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    ring.send(new Uint8Array(ringSize - headerSize));
    const abort = new AbortController();
    const waiting = ring.reserveWhenFree(8, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
  });
});
