import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EbpfError } from "../../src/base/errors.ts";
import { openMapById } from "../../src/engine/kernel/map/open-kernel-map.ts";
import type { RingMap } from "../../src/engine/kernel/ring/ring-map.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { recordSize } from "../../src/ring/record.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { RB_OVERWRITE } from "../../src/uapi/ring-overwrite.ts";
import { concurrentFixture } from "./concurrent-fixture.ts";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";

interface Event {
  source: number;
  number: number;
  begin: bigint;
}

const user = 0;
const program = 1;
const smallSize = 4096;

function event(number: number, begin = 0n): Event {
  return { source: user, number, begin };
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff);
}

function emitContext(count: number, small = false): Uint8Array {
  return new Uint8Array(Uint32Array.of(count, small ? 1 : 0).buffer);
}

/** Everything that is in the ring now. */
function taken(ring: RingBuf<unknown>): Event[] {
  const events: Event[] = [];
  ring.drain((record) => {
    events.push({ source: record.u32(0), number: record.u32(4), begin: record.u64(8) });
  });
  return events;
}

function bytesIn(ring: RingBuf<unknown>): Uint8Array[] {
  const found: Uint8Array[] = [];
  ring.drain((record) => {
    found.push(record.bytes());
  });
  return found;
}

onEachEngine("injection: order", (engine) => {
  it("what was injected before a program ran stands before what it wrote, and the other way round, thousands of times", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const rounds = 3000;
    const seen: Event[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await ring.inject(event(2 * round));
      await loaded.bpf.program("emit").run({ context: emitContext(1) });
      await ring.inject(event(2 * round + 1));
      if (round % 500 === 499) seen.push(...taken(ring));
    }
    assert.equal(seen.length, 3 * rounds);
    for (const [index, { source, number }] of seen.entries()) {
      const round = Math.floor(index / 3);
      const expected = [
        [user, 2 * round],
        [program, round],
        [user, 2 * round + 1],
      ][index % 3];
      assert.deepEqual([source, number], expected);
    }
  });

  it("while a program writes in another thread: nothing lost, nothing twice, and nothing before what was over when it began", async () => {
    await using loaded = await concurrentFixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const clock = loaded.counters("counters");
    const injectedEnds: bigint[] = [];
    const seen: Event[] = [];
    let number = 0;
    {
      await using loop = await loaded.loop("emit", emitContext(7));
      while ((Atomics.load(clock, 1) < 20_000n || number < 10_000) && Atomics.load(clock, 1) < 60_000n) {
        const batch: Event[] = [];
        const size = number % 3 === 0 ? 1 + (number % 17) : 1;
        const begin = Atomics.add(clock, 0, 1n);
        for (let i = 0; i < size; i += 1) batch.push(event(number++, begin));
        if (size === 1) await ring.inject(batch[0]!);
        else assert.equal(await ring.injectMany(batch), size);
        const end = Atomics.add(clock, 0, 1n);
        for (let i = 0; i < size; i += 1) injectedEnds.push(end);
        loop.step();
        if (number % 16 === 0) loop.awaitRun();
        if (ring.available > ring.size / 4) seen.push(...taken(ring));
      }
    }
    seen.push(...taken(ring));
    assert.equal(clock[2], 0n, "the program lost nothing");
    const ends = loaded.counters("ends");
    const next = [0, 0];
    for (const { source, number } of seen) assert.equal(number, next[source]!++);
    assert.deepEqual(next, [number, Number(clock[1])]);
    // Backwards: no record may have begun after a later one had ended.
    let earliestEnd = 2n ** 63n;
    let changes = 0;
    for (let i = seen.length - 1; i >= 0; i -= 1) {
      const { source, number, begin } = seen[i]!;
      assert.ok(begin < earliestEnd, `record ${i} began at ${begin}, and one behind it had ended at ${earliestEnd}`);
      const end = source === user ? injectedEnds[number]! : ends[number]!;
      if (end < earliestEnd) earliestEnd = end;
      if (i > 0 && seen[i - 1]!.source !== source) changes += 1;
    }
    assert.ok(changes > 100, `both took turns only ${changes} times`);
  });

  it("calls that are not awaited keep their order", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i += 3) {
      calls.push(ring.inject(event(i)), ring.injectMany([event(i + 1), event(i + 2)]));
    }
    await Promise.all(calls);
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.equal(ring.injected, 300);
  });

  it("a loop over the events goes on meanwhile", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const count = 5000;
    const injecting = ring.injectMany(
      (function* () {
        for (let i = 0; i < count; i += 1) yield event(i, BigInt(i));
      })(),
      { wait: true, timeoutMs: 60_000 },
    );
    let next = 0;
    for await (const { source, number, begin } of ring) {
      assert.deepEqual([source, number, begin], [user, next, BigInt(next)]);
      next += 1;
      if (next === count) break;
    }
    assert.equal(await injecting, count);
  });
});

onEachEngine("injection: room", (engine) => {
  it("leaves a quarter of the ring to programs", async () => {
    await using loaded = await concurrentFixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const injected = await ring.injectMany(Array.from({ length: 1000 }, (_, i) => event(i)));
    assert.equal(injected, (smallSize * 3) / 4 / 24);
    await assert.rejects(ring.inject(event(0)), { code: "NO_SPACE" });
    await loaded.bpf.program("emit").run({ context: emitContext(1000, true) });
    assert.equal(Number(loaded.counters("counters")[1]), Math.floor((smallSize / 4 - 8) / 24));
    assert.equal(taken(ring).filter(({ source }) => source === user).length, injected);
    await ring.inject(event(0));
  });

  const shares = [
    { options: { reserveFraction: 0.5 }, bytes: smallSize / 2 },
    { options: { reserveFraction: 0 }, bytes: smallSize - 8 },
    { options: { leaveFree: 4000 }, bytes: 96 },
    { options: { leaveFree: 0 }, bytes: smallSize - 8 },
  ];
  for (const { options, bytes } of shares) {
    it(`or as much as ${JSON.stringify(options)} says`, async () => {
      await using loaded = await fixture(engine, "inject-order");
      const ring = loaded.bpf.ringBuf<Event>("small");
      const values = Array.from({ length: 1000 }, (_, i) => event(i));
      assert.equal(await ring.injectMany(values, options), Math.floor(bytes / 24));
    });
  }

  it("looks again when it writes: programs may have written since the batch was begun", async () => {
    await using loaded = await concurrentFixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const injector = await loaded.ring("small").injector!(16);
    injector.begin(smallSize / 4);
    for (let i = 0; i < 100; i += 1) assert.ok(injector.stage(16) >= 0);
    await loaded.bpf.program("emit").run({ context: emitContext(60, true) });
    assert.equal(injector.flush(), ((smallSize * 3) / 4 - 60 * 24) / 24);
    injector.begin(smallSize / 4);
    assert.equal(injector.stage(16), -1);
    assert.equal(injector.flush(), 0);
    assert.equal(taken(ring).length, (smallSize * 3) / 4 / 24);
    injector.begin(smallSize / 4);
    assert.ok(injector.stage(16) >= 0);
    assert.equal(injector.flush(), 1, "what was refused does not come later");
  });

  it("never takes more, also while a program and the reader are busy", async () => {
    await using loaded = await concurrentFixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const values = Array.from({ length: 400 }, (_, i) => event(i));
    let [injected, seen, mixed] = [0, 0, 0];
    {
      await using loop = await loaded.loop("emit", emitContext(3, true));
      for (let round = 0; round < 3000 && mixed < 200; round += 1) {
        loop.step();
        injected += await ring.injectMany(values);
        if (round % 8 === 0) loop.awaitRun();
        const events = taken(ring);
        const own = events.filter(({ source }) => source === user).length;
        assert.ok(own * 24 <= (smallSize * 3) / 4, `${own} injected records were in the ring at a time`);
        seen += own;
        if (own > 0 && own < events.length) mixed += 1;
      }
    }
    seen += taken(ring).filter(({ source }) => source === user).length;
    assert.equal(seen, injected);
    assert.ok(mixed > 0);
  });

  it("waits, and is served when the ring is read; calls behind it wait too", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const first = ring.injectMany(
      Array.from({ length: 300 }, (_, i) => event(i)),
      { wait: true },
    );
    const second = ring.inject(event(300), { wait: true });
    const seen: number[] = [];
    while (seen.length < 301) {
      seen.push(...taken(ring).map(({ number }) => number));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await first, 300);
    await second;
    assert.deepEqual(
      seen,
      Array.from({ length: 301 }, (_, i) => i),
    );
  });

  it("writes what the value was at the call, whatever becomes of it while the call waits", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const calls: Promise<unknown>[] = [];
    const again = (number: number): void => {
      const value = event(number);
      const bytes = new Uint8Array(new Uint32Array([user, number + 1, 0, 0]).buffer);
      calls.push(ring.inject(value, { wait: true }), ring.inject(bytes, { wait: true }));
      value.number = 1_000_000;
      bytes.fill(0xff);
    };
    // The first finds its injector not made yet; those that follow wait for their turn, or for room; the last but one for neither.
    again(0);
    await Promise.all(calls);
    const full = ring.injectMany(
      Array.from({ length: 126 + 20 }, (_, i) => event(2 + i)),
      { wait: true },
    );
    for (let number = 148; number < 160; number += 2) again(number);
    const seen: number[] = [];
    while (seen.length < 160) {
      seen.push(...taken(ring).map(({ number }) => number));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([full, ...calls]);
    again(160);
    await Promise.all(calls);
    seen.push(...taken(ring).map(({ number }) => number));
    assert.deepEqual(
      seen,
      Array.from({ length: 162 }, (_, i) => i),
    );
  });

  it("waits no longer than it may", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const values = Array.from({ length: 300 }, (_, i) => event(i));
    assert.equal(await ring.injectMany(values, { wait: true, timeoutMs: 30 }), 128);
    await assert.rejects(ring.inject(event(0), { wait: true, timeoutMs: 0 }), { code: "NO_SPACE" });
    const abort = new AbortController();
    const waiting = ring.inject(event(0), { wait: true, signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(ring.inject(event(0), { signal: abort.signal }), /enough/);
    const closed = ring.inject(event(0), { wait: true });
    setTimeout(() => ring.close(), 5);
    await assert.rejects(closed, { code: "CLOSED" });
    await assert.rejects(ring.inject(event(0)), { code: "CLOSED" });
  });

  it("refuses what can never fit, and the positions of a consumer that lies", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    await ring.inject(new Uint8Array(3064));
    bytesIn(ring);
    await assert.rejects(ring.inject(new Uint8Array(3065)), { code: "TOO_BIG" });
    await assert.rejects(ring.inject(new Uint8Array(4081), { leaveFree: 0 }), { code: "TOO_BIG" });
    await ring.inject(new Uint8Array(4080), { leaveFree: 0 });
    Atomics.store(loaded.ring("small").memory.consumer, 0, 0x10000n);
    await assert.rejects(ring.inject(event(0)), { code: "BAD_RING" });
  });
});

onEachEngine("injection: records that are filled in place", (engine) => {
  const size = 16;
  const write = (view: DataView, offset: number, index: number): void => {
    view.setUint32(offset, user, true);
    view.setUint32(offset + 4, index, true);
    view.setBigUint64(offset + 8, 7n, true);
  };

  it("arrive in their order, more of them than a batch holds", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const count = 20_000;
    assert.equal(await ring.injectFill(count, size, write), count);
    assert.equal(ring.injected, count);
    assert.deepEqual(
      taken(ring),
      Array.from({ length: count }, (_, number) => event(number, 7n)),
    );
    assert.equal(await ring.injectFill(0, size, write), 0);
    assert.equal(await ring.injectFill(3, 0, () => {}), 3);
    assert.deepEqual(bytesIn(ring), [new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)]);
  });

  it("say how many found room, and go on from there when they wait", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const room = smallSize * 0.75;
    assert.equal(await ring.injectFill(1000, size, write), room / recordSize(size));
    const rest = ring.injectFill(1000, size, write, { wait: true });
    const seen: number[] = [];
    while (seen.length < room / recordSize(size) + 1000) {
      seen.push(...taken(ring).map(({ number }) => number));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(await rest, 1000);
    const numbers = (count: number): number[] => [...Array(count).keys()];
    assert.deepEqual(seen, [...numbers(room / recordSize(size)), ...numbers(1000)]);
  });

  it("those before one that fails are written", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const failing = (view: DataView, offset: number, index: number): void => {
      if (index === 2) throw new Error("no more");
      write(view, offset, index);
    };
    await assert.rejects(ring.injectFill(5, size, failing), /no more/);
    await assert.rejects(
      ring.injectFill(1, 8, (view) => view.setUint8(view.byteLength, 1)),
      RangeError,
    );
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      [0, 1],
    );
  });

  it("may be filled by what closes the ring, or injects itself: that comes after it", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const inner: Promise<void>[] = [];
    const nesting = (view: DataView, offset: number, index: number): void => {
      write(view, offset, index);
      inner.push(ring.inject(event(100 + index)));
    };
    assert.equal(await ring.injectFill(3, size, nesting), 3);
    await Promise.all(inner);
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      [0, 1, 2, 100, 101, 102],
    );
    const closing = (): void => ring.close();
    await ring.injectFill(3, size, closing);
    await assert.rejects(ring.injectFill(3, size, write), { code: "CLOSED" });
  });

  it("refuses what is no number of records or bytes, or can never fit", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    for (const bad of [-1, 0.5, Number.NaN, Infinity]) {
      await assert.rejects(ring.injectFill(bad, size, write), RangeError);
      await assert.rejects(ring.injectFill(1, bad, write), RangeError);
    }
    for (const bad of ["1", null, undefined] as unknown as number[]) {
      await assert.rejects(ring.injectFill(bad, size, write), TypeError);
      await assert.rejects(ring.injectFill(1, bad, write), TypeError);
    }
    await assert.rejects(ring.injectFill(1, 8, undefined as unknown as typeof write), TypeError);
    for (const large of [smallSize, 2 ** 31 - 8, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      await assert.rejects(ring.injectFill(1, large, write), { code: "TOO_BIG" });
    }
    assert.equal(ring.available, 0);
  });
});

onEachEngine("injection: values", (engine) => {
  it("every size, byte for byte, around the end of the ring", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf("small");
    for (let size = 0; size < 1500; size += size < 300 ? 1 : 97) {
      const sent = [pattern(size), pattern(size + 1)];
      assert.equal(await ring.injectMany(sent), 2);
      assert.deepEqual(bytesIn(ring), sent);
    }
  });

  it("large ones, each at the edge of a size", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf("events");
    for (let size = 2048; size <= 2 ** 21; size *= 2) {
      for (const bytes of [size - 1, size, size + 1]) {
        const sent = pattern(bytes);
        await ring.inject(sent);
        const [received, ...more] = bytesIn(ring);
        assert.ok(Buffer.from(sent).equals(received!), `${bytes} bytes`);
        assert.equal(more.length, 0);
      }
    }
  });

  it("large and small ones in one call", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf("events");
    const sizes = [8, 300_000, 0, 64, 65, 1_000_000, 1];
    const sent = sizes.map(pattern);
    assert.equal(await ring.injectMany(sent), sizes.length);
    const received = bytesIn(ring);
    assert.deepEqual(
      received.map((bytes) => bytes.length),
      sizes,
    );
    for (const [index, bytes] of received.entries()) assert.ok(Buffer.from(bytes).equals(sent[index]!));
  });

  it("objects and bytes in turn, more of them than a batch holds, from an array or made one by one", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const asBytes = ({ source, number, begin }: Event): Uint8Array => {
      const bytes = new DataView(new ArrayBuffer(16));
      bytes.setUint32(0, source, true);
      bytes.setUint32(4, number, true);
      bytes.setBigUint64(8, begin, true);
      return new Uint8Array(bytes.buffer);
    };
    const events = Array.from({ length: 10_000 }, (_, number) => event(number, 5n));
    const values = events.map((value) => (value.number % 2500 < 3 ? asBytes(value) : value));
    for (const given of [values, values.values()]) {
      assert.equal(await ring.injectMany(given), values.length);
      assert.deepEqual(taken(ring), events);
    }
  });

  it("one that makes the array shorter while it is read is followed by an error, or the end", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const values = Array.from({ length: 100 }, (_, number) => event(number));
    Object.defineProperty(values[3], "begin", {
      get: () => {
        values.length = 4;
        return 0n;
      },
      enumerable: true,
    });
    await ring.injectMany(values).catch((error: unknown) => assert.equal((error as EbpfError).code, "BAD_VALUE"));
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      [0, 1, 2, 3],
    );
  });

  it("a value that does not fit ends it, and those before it are written", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<unknown>("events");
    const bad = { source: "many", number: 1, begin: 0n };
    const message = /^Cannot encode \w+\.source: .* \(number 2 of those given; those before it are sent\)$/;
    await assert.rejects(ring.injectMany([event(0), event(1), bad, event(3)]), { code: "BAD_VALUE", message });
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      [0, 1],
    );
    const failing = (function* () {
      yield event(2);
      throw new Error("no more");
    })();
    await assert.rejects(ring.injectMany(failing), /no more/);
    await ring.inject(event(3));
    assert.deepEqual(
      taken(ring).map(({ number }) => number),
      [2, 3],
    );
    await assert.rejects(ring.inject(7), { code: "BAD_VALUE" });
    assert.equal(await ring.injectMany([]), 0);
  });

  it("options that nobody knows, or that make no sense", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<unknown>("events");
    const inject = (options: object) => ring.inject(event(0), options);
    await assert.rejects(inject({ leavefree: 1 }), TypeError);
    await assert.rejects(inject({ timeoutMs: 10 }), TypeError);
    for (const options of [
      { leaveFree: -1 },
      { leaveFree: 2 ** 22 },
      { reserveFraction: 1 },
      { wait: true, timeoutMs: -1 },
    ]) {
      await assert.rejects(inject(options), RangeError);
    }
    assert.equal(ring.available, 0);
  });
});

describe("injection: a ring that overwrites (embedded)", () => {
  it("is never full: the newest records are there", async () => {
    await using loaded = await fixture("embedded", "inject-order", (spec) => {
      spec.maps.find((map) => map.name === "small")!.flags |= RB_OVERWRITE;
    });
    const ring = loaded.bpf.ringBuf<Event>("small");
    const count = 1000;
    assert.equal(await ring.injectMany(Array.from({ length: count }, (_, i) => event(i))), count);
    const numbers = taken(ring).map(({ number }) => number);
    assert.equal(numbers.length, Math.floor((smallSize - 8) / 24));
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => count - numbers.length + i),
    );
  });
});

onKernel("injection: rings that somebody else made", () => {
  it("one that was opened by its id", async () => {
    await using loaded = await concurrentFixture("kernel", "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const map = openMapById(linuxSys(), loaded.map("events").info.id) as RingMap;
    using other = new RingBuf<Uint8Array>({ name: "other", ring: map.ring() });
    await other.inject(pattern(16));
    await ring.inject(event(1));
    const [first, second] = bytesIn(ring);
    assert.deepEqual(first, pattern(16));
    assert.equal(second!.length, 16);
    map.close();
    await assert.rejects(other.inject(pattern(1)), { code: "CLOSED" });
  });

  it("the largest record that a program can hand over", async () => {
    const largest = 2 ** 24 - 16;
    await using loaded = await fixture("kernel", "inject-order", (spec) => {
      spec.maps.find((map) => map.name === "events")!.maxEntries = 2 ** 25;
    });
    const ring = loaded.bpf.ringBuf("events");
    await assert.rejects(ring.inject(new Uint8Array(largest + 1)), { code: "TOO_BIG" });
    const sent = new Uint8Array(largest).fill(7);
    await ring.inject(sent);
    assert.equal(ring.available, recordSize(largest));
    assert.ok(Buffer.from(bytesIn(ring)[0]!).equals(sent));
  });
});
