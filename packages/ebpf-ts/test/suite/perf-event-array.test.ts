import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";

interface Event {
  number: bigint;
  cpu: number;
  text: string;
}

const quiet = 60;
const ENOENT = -2n;
const E2BIG = -7n;
const EINVAL = -22n;
const EOPNOTSUPP = -95n;
const currentCpu = 0xffff_ffffn;
const ENOSPC = -28n;
/** Header, length, 24 bytes of event, 4 of padding. */
const recordBytes = 40;
const page = 4096;
const perPage = Math.floor(page / recordBytes);

/** How many of the events were written. */
async function emit(loaded: Fixture, first: number, count: number, cpu = 0): Promise<number> {
  const { returnValue } = await loaded.bpf.program("emit").run({ context: words(first, count), cpu });
  return returnValue;
}

async function emitBlob(loaded: Fixture, length: number, byte: number): Promise<void> {
  const { returnValue } = await loaded.bpf.program("emit_blob").run({ context: words(length, byte), cpu: 0 });
  assert.equal(returnValue, 0);
}

/** A loop that begins to wait looks once more, as soon as the event loop watches its rings. */
async function waiting(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

function words(...numbers: number[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(numbers.map(BigInt)).buffer);
}

function range(first: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(first + i));
}

onEachEngine("perf event array", (engine) => {
  it("a drain's callback cannot read the rings in another way, and its view stays valid when it tries", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    await emit(loaded, 0, 5);
    const seen: bigint[] = [];
    const tries: Promise<void>[] = [];
    perf.drain((record) => {
      assert.throws(() => perf.drain(() => {}), { code: "BUSY" });
      tries.push(assert.rejects(perf.events().next(), { code: "BUSY" }));
      tries.push(assert.rejects(perf.batches().next(), { code: "BUSY" }));
      seen.push(record.u64(0));
    });
    await Promise.all(tries);
    assert.deepEqual(seen, range(0, 5));
  });

  it("options that make no sense are told, and nothing is read meanwhile", async () => {
    await using loaded = await fixture(engine, "perf");
    for (const options of [
      null,
      { page: 8 },
      { overwritable: 1 },
      { watermark: 5 },
      { watermark: { events: 1, x: 1 } },
    ]) {
      assert.throws(() => loaded.bpf.perfEventArray("events", options as never), TypeError);
    }
    const perf = loaded.bpf.perfEventArray<Event>("events");
    await emit(loaded, 0, 5);
    for (const options of [null, 5, { budget: 1 }, { max: "5" }, { max: null }, { budgetMs: "1" }])
      assert.throws(() => perf.drain(() => {}, options as never), TypeError);
    for (const options of [{ max: NaN }, { max: 0 }, { max: -1 }, { max: 1.5 }, { budgetMs: -1 }])
      assert.throws(() => perf.drain(() => {}, options), RangeError);
    for (const callback of [undefined, null, 5]) assert.throws(() => perf.drain(callback as never), TypeError);
    for (const options of [null, { foo: 1 }, { signal: {} }]) {
      assert.throws(() => perf.events(options as never), TypeError);
      assert.throws(() => perf.batches(options as never), TypeError);
    }
    assert.equal(perf.drain(() => {}).delivered, 5);
  });

  it("events of all CPUs in one loop, each CPU's in order, decoded by BTF", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    assert.equal(perf.size, 16 * page);
    for (const cpu of perf.cpus) assert.equal(await emit(loaded, 1000 * cpu, 100, cpu), 100);
    assert.equal(perf.available, perf.cpus.length * 100 * recordBytes);
    const seen = new Map<number, bigint[]>(perf.cpus.map((cpu) => [cpu, []]));
    for await (const { cpu, event } of perf.events({ until: Promise.resolve() })) {
      assert.deepEqual(event, { number: event.number, cpu, text: "perf" });
      seen.get(cpu)!.push(event.number);
    }
    for (const cpu of perf.cpus) assert.deepEqual(seen.get(cpu), range(1000 * cpu, 100));
    assert.deepEqual([perf.received, perf.lost, perf.available], [perf.cpus.length * 100, 0, 0]);
  });

  it("the loop sleeps until there is an event, on whichever CPU", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    const events = perf.events();
    for (let turn = 0; turn < 300; turn += 1) {
      const cpu = perf.cpus[turn % perf.cpus.length]!;
      const next = events.next();
      if (turn % 3 === 0) await sleep(1);
      await emit(loaded, turn, 1, cpu);
      const { value } = await next;
      assert.deepEqual([value?.cpu, value?.event.number], [cpu, BigInt(turn)]);
    }
    const next = events.next();
    perf.close();
    assert.deepEqual(await next, { value: undefined, done: true });
  });

  it("bytes without a type, of any length; the kernel pads them", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Uint8Array>("blobs", { pages: 1 });
    // Three times around the ring, so that records of every length pass its end.
    for (let length = 1; length < 1500; length += length < 64 ? 1 : 37) {
      await emitBlob(loaded, length, length % 256);
      const drained = perf.drain((record, cpu) => {
        assert.equal(cpu, 0);
        assert.ok(record.length >= length && record.length < length + 8, `${record.length} for ${length}`);
        const bytes = record.bytes();
        assert.ok(bytes.subarray(0, length).every((byte) => byte === length % 256));
        assert.equal(record.u8(length - 1), length % 256);
        assert.throws(() => record.u8(record.length), RangeError);
      });
      assert.deepEqual(drained, { delivered: 1, discarded: 0, state: "empty", lost: 0 });
    }
    await emitBlob(loaded, 9, 1);
    for await (const { event } of perf.events({ until: Promise.resolve() })) {
      assert.deepEqual([...event.subarray(0, 9)], [1, 1, 1, 1, 1, 1, 1, 1, 1]);
    }
  });

  it("a drain ends where it is told to, and goes on there", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray("events");
    await emit(loaded, 0, 10);
    assert.deepEqual(
      perf.drain(() => {}, { max: 3 }),
      { delivered: 3, discarded: 0, state: "limit", lost: 0 },
    );
    assert.deepEqual(
      perf.drain((record) => record.u64(0) !== 5n),
      { delivered: 3, discarded: 0, state: "stopped", lost: 0 },
    );
    let kept: { length: number } | undefined;
    assert.throws(
      () =>
        perf.drain((record) => {
          kept = record;
          throw new Error("the callback's own");
        }),
      /the callback's own/,
    );
    assert.equal(kept?.length, 0);
    assert.deepEqual(
      perf.drain(() => {}),
      { delivered: 3, discarded: 0, state: "empty", lost: 0 },
    );
    assert.throws(() => perf.drain(() => {}, { max: -1 }), RangeError);
  });

  it("a drain reads what was there when it began, and no more: a callback that makes events does not keep it up", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray("events");
    await emit(loaded, 0, 40);
    const more: Promise<unknown>[] = [];
    const first = perf.drain(() => void more.push(emit(loaded, 1000, 1)));
    await Promise.all(more);
    assert.deepEqual(first, { delivered: 40, discarded: 0, state: "limit", lost: 0 });
    const budget = perf.drain(() => {}, { budgetMs: 0 });
    assert.equal(budget.state, "limit");
    assert.ok(budget.delivered > 0 && budget.delivered < 40);
    assert.equal(perf.drain(() => {}).delivered, 40 - budget.delivered);
  });

  it("a drain says how many events it was told that were lost", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray("events", { pages: 1 });
    const written = await emit(loaded, 0, 10_000, perf.cpus[0]!);
    const full = perf.drain(() => {});
    assert.deepEqual(full, { delivered: written, discarded: 0, state: "empty", lost: 0 });
    await emit(loaded, 0, 1, perf.cpus[0]!);
    const { delivered, lost } = perf.drain(() => {});
    assert.deepEqual([delivered, lost, perf.lost], [1, 10_000 - Number(written), 10_000 - Number(written)]);
  });

  it("batches of one CPU each, read where they stand, decoded, or left", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { pages: 1 });
    const seen = new Map<number, bigint[]>(perf.cpus.map((cpu) => [cpu, []]));
    // Several times around the ring, so that samples pass its end.
    for (let turn = 0; turn < 7; turn += 1) {
      for (const cpu of perf.cpus) assert.equal(await emit(loaded, 90 * turn, 90, cpu), 90);
      let batches = 0;
      for await (const batch of perf.batches({ until: Promise.resolve() })) {
        const numbers = seen.get(batch.cpu)!;
        batches += 1;
        // Three as they stand, three decoded; every third batch leaves the rest for the next one.
        for (const record of batch) {
          assert.equal(record.u32(8), batch.cpu);
          if (numbers.push(record.u64(0)) % 3 === 0) break;
        }
        for (const event of batch.events()) {
          assert.deepEqual(event, { number: event.number, cpu: batch.cpu, text: "perf" });
          if (numbers.push(event.number) % 3 === 0 && batches % 3 === 0) break;
        }
      }
    }
    for (const cpu of perf.cpus) assert.deepEqual(seen.get(cpu), range(0, 7 * 90));
    assert.deepEqual([perf.lost, perf.available], [0, 0]);
  });

  it("a batch is over when the loop goes on, and its view is empty", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    await emit(loaded, 0, 3);
    const stop = new AbortController();
    const batches = perf.batches({ signal: stop.signal });
    const first = (await batches.next()).value!;
    const [record] = first;
    assert.equal(record!.length, 28);
    assert.throws(() => perf.drain(() => {}), { code: "BUSY" });
    const second = (await batches.next()).value!;
    assert.equal(record!.length, 0);
    assert.throws(() => [...first], { code: "CLOSED" });
    assert.deepEqual(
      Array.from(second, (sample) => sample.u64(0)),
      [1n, 2n],
    );
    const third = batches.next();
    await emit(loaded, 3, 2);
    const last = (await third).value!;
    stop.abort(new Error("enough"));
    assert.throws(() => [...last.events()], /enough/);
    await assert.rejects(batches.next(), /enough/);
    assert.equal(perf.drain(() => {}).delivered, 2);
  });

  it("batches sleep beside what is left below a watermark, and end with it all the same", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { watermark: { bytes: 100 * recordBytes } });
    const numbers: bigint[] = [];
    let end = (): void => {};
    const until = new Promise<void>((resolve) => (end = resolve));
    const loop = (async () => {
      for await (const batch of perf.batches({ until })) for (const record of batch) numbers.push(record.u64(0));
    })();
    await emit(loaded, 0, 90);
    await sleep(quiet);
    assert.equal(numbers.length, 0);
    await emit(loaded, 90, 20);
    while (numbers.length <= 100) await sleep(1);
    const read = numbers.length;
    assert.ok(read > 100, `${read} were read`);
    await emit(loaded, 110, 50);
    await sleep(quiet);
    assert.equal(numbers.length, read);
    // Far more than the ring holds; what waits is never more than what may be left, and the watermark.
    for (let number = 160; number < 8000; number += 80) {
      await emit(loaded, number, 80);
      while (numbers.length < number - 250) await sleep(1);
    }
    end();
    await loop;
    assert.deepEqual(numbers, range(0, 8000));
    assert.equal(perf.lost, 0);
  });

  it("batches by the clock take what there is, whatever the watermark", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { watermark: { bytes: 4096 } });
    const next = perf.batches({ wakeup: { intervalMs: 1 } }).next();
    await emit(loaded, 7, 1);
    const { value } = await next;
    assert.deepEqual(
      Array.from(value!, (record) => record.u64(0)),
      [7n],
    );
  });

  it("what finds no room is counted, with the next event that does", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { pages: 1 });
    const written = await emit(loaded, 0, 500);
    assert.ok(written >= perPage - 1 && written <= perPage, String(written));
    assert.equal(loaded.bpf.variable("result").get(), ENOSPC);
    const numbers: bigint[] = [];
    const read = (): unknown => perf.drain((record) => void numbers.push(record.u64(0)));
    read();
    assert.equal(perf.lost, 0);
    assert.equal(await emit(loaded, 1000, 1), 1);
    read();
    assert.deepEqual(numbers, [...range(0, written), 1000n]);
    assert.equal(perf.lost, 500 - written);
    assert.equal(perf.lostPerCpu.get(0), 500 - written);
    assert.equal(perf.received + perf.lost, 501);
  });

  it("a watermark of events wakes nobody before there are so many", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { watermark: { events: 5 } });
    let woken = false;
    const events = perf.events();
    const next = events.next().finally(() => (woken = true));
    await waiting();
    await emit(loaded, 0, 4);
    await sleep(quiet);
    assert.equal(woken, false);
    await emit(loaded, 4, 1);
    assert.equal((await next).value?.event.number, 0n);
    const rest = [];
    for (let i = 1; i < 5; i += 1) rest.push((await events.next()).value?.event.number);
    assert.deepEqual(rest, range(1, 4));
  });

  it("a watermark of bytes wakes nobody before there are so many; a drain reads at any time", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { pages: 1, watermark: { bytes: 20 * recordBytes } });
    await emit(loaded, 100, 3);
    assert.equal(perf.drain(() => {}).delivered, 3);
    let woken = false;
    const next = perf
      .events()
      .next()
      .finally(() => (woken = true));
    await waiting();
    await emit(loaded, 0, 10);
    await sleep(quiet);
    assert.equal(woken, false);
    await emit(loaded, 10, 20);
    assert.equal((await next).value?.event.number, 0n);
  });

  it("paused rings refuse events, and count them", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    assert.equal(perf.paused, false);
    perf.pause();
    perf.pause();
    assert.equal(perf.paused, true);
    assert.equal(await emit(loaded, 0, 7), 0);
    assert.equal(loaded.bpf.variable("result").get(), ENOSPC);
    perf.resume();
    assert.equal(await emit(loaded, 7, 1), 1);
    const numbers: bigint[] = [];
    perf.drain((record) => void numbers.push(record.u64(0)));
    assert.deepEqual(numbers, [7n]);
    assert.equal(perf.lost, 7);
  });

  it("overwritable rings keep the newest, and show them newest first", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events", { pages: 1, overwritable: true });
    assert.deepEqual(perf.snapshot(), []);
    assert.equal(await emit(loaded, 0, 3), 3);
    const numbers = (): bigint[] => perf.snapshot().map(({ event }) => event.number);
    assert.deepEqual(numbers(), [2n, 1n, 0n]);
    for (const count of [100, 101, 102, 103, 977]) {
      const first = Number(numbers()[0]! + 1n);
      assert.equal(await emit(loaded, first, count), count);
      const seen = numbers();
      assert.ok(seen.length >= perPage - 1 && seen.length <= perPage, String(seen.length));
      assert.deepEqual(seen, range(first + count - seen.length, seen.length).reverse());
      assert.deepEqual(numbers(), seen);
    }
    const other = perf.cpus.at(-1)!;
    if (other !== 0) {
      await emit(loaded, 5, 2, other);
      const found = perf.snapshot().filter(({ cpu }) => cpu === other);
      assert.deepEqual(
        found.map(({ event }) => event.number),
        [6n, 5n],
      );
    }
    perf.pause();
    const frozen = numbers();
    assert.equal(await emit(loaded, 9999, 1), 0);
    assert.deepEqual(numbers(), frozen);
    assert.equal(perf.paused, true);
    perf.resume();
    assert.equal(await emit(loaded, 9999, 1), 1);
    assert.equal(numbers()[0], 9999n);
    assert.throws(() => perf.events(), TypeError);
    assert.throws(() => perf.drain(() => {}), TypeError);
    assert.equal(perf.available, 0);
  });

  it("has one consumer, and none after it is closed; nothing stays open", async () => {
    const before = openDescriptors().length;
    const loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Event>("events");
    assert.equal(loaded.bpf.perfEventArray("events"), perf);
    assert.throws(() => perf.snapshot(), TypeError);
    const events = perf.events();
    const next = events.next();
    assert.throws(() => perf.drain(() => {}), { code: "BUSY" });
    await assert.rejects(perf.events().next(), { code: "BUSY" });
    await emit(loaded, 1, 1);
    await next;
    await events.return();
    assert.equal(perf.drain(() => {}).state, "empty");
    const aborted = perf.events({ signal: AbortSignal.timeout(20) }).next();
    await assert.rejects(aborted, { name: "TimeoutError" });
    perf.close();
    perf.close();
    assert.equal(await emit(loaded, 1, 1), 0);
    assert.equal(loaded.bpf.variable("result").get(), ENOENT);
    for (const use of [() => perf.events(), () => perf.drain(() => {}), () => perf.pause(), () => perf.snapshot()]) {
      assert.throws(use, { code: "CLOSED" });
    }
    assert.deepEqual([perf.available, perf.received, perf.lost], [0, 1, 0]);
    await loaded.bpf.close();
    for (let wait = 0; wait < 6000 && openDescriptors().length > before; wait += 1) await sleep(10);
    assert.deepEqual(openDescriptors().slice(before), []);
  });

  it("the flags name a ring: the CPU's own, and nothing else", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Uint8Array>("blobs", { pages: 1 });
    const emitWith = async (flags: bigint, cpu = 0): Promise<bigint> => {
      const context = new Uint8Array(new BigUint64Array([flags, 3n]).buffer);
      await loaded.bpf.program("emit_with").run({ context, cpu });
      return loaded.bpf.variable<bigint>("result").get();
    };
    assert.deepEqual([await emitWith(currentCpu), await emitWith(0n)], [0n, 0n]);
    assert.equal(await emitWith(0xffff_fffen), E2BIG);
    // The length of a packet's part, which only programs of sockets may ask for, and bits that mean nothing.
    for (const flags of [1n << 32n, currentCpu | (5n << 32n), 1n << 63n]) assert.equal(await emitWith(flags), EINVAL);
    const other = perf.cpus.at(-1)!;
    if (other !== 0) {
      assert.equal(await emitWith(BigInt(other)), EOPNOTSUPP);
      assert.equal(await emitWith(BigInt(other), other), 0n);
    }
    assert.equal(perf.drain(() => {}).delivered, other === 0 ? 2 : 3);
  });

  it("a ring is never filled to its last byte, and a record of nothing is one", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Uint8Array>("blobs", { pages: 1 });
    // Half of the ring with its header, its length and its padding.
    const half = page / 2 - 12;
    const emitOf = async (length: number): Promise<number> => {
      const context = new Uint8Array(new BigUint64Array([currentCpu, BigInt(length)]).buffer);
      const { returnValue } = await loaded.bpf.program("emit_with").run({ context, cpu: 0 });
      return returnValue | 0;
    };
    assert.deepEqual([await emitOf(half), await emitOf(half)], [0, Number(ENOSPC)]);
    assert.deepEqual([await emitOf(half - 48), await emitOf(0)], [0, 0]);
    const lengths: number[] = [];
    assert.equal(perf.drain((record) => void lengths.push(record.length)).lost, 1);
    assert.deepEqual(lengths, [half, half - 48, 4]);
  });

  it("is refused by name where it is none, and with options that make no sense", async () => {
    await using loaded = await fixture(engine, "perf");
    assert.throws(() => loaded.bpf.map("events"), /perfEventArray\(\)/);
    assert.throws(() => loaded.bpf.perfEventArray(".bss"), /map\(\)/);
    for (const pages of [0, 3, -1, 1.5, 2 ** 30]) {
      assert.throws(() => loaded.bpf.perfEventArray("events", { pages }), RangeError);
    }
    for (const watermark of [{ bytes: 0 }, { events: 1.5 }]) {
      assert.throws(() => loaded.bpf.perfEventArray("events", { watermark }), RangeError);
    }
    for (const watermark of [{}, { bytes: 1, events: 1 }, { bytes: "1" }] as never[]) {
      assert.throws(() => loaded.bpf.perfEventArray("events", { watermark }), TypeError);
    }
    assert.throws(() => loaded.bpf.perfEventArray("events", { page: 1 } as never), /Unknown option page/);
    assert.throws(() => loaded.bpf.perfEventArray("events", { type: "struct nothing" }), { code: "NOT_FOUND" });
    await assert.rejects(loaded.bpf.program("emit").run({ context: words(0, 0), cpu: 100_000 }), {
      errnoName: "ENXIO",
    });
  });
});
