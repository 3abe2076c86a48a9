import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import {
  busyBit,
  checkHeader,
  decodeHeader,
  decodeRecords,
  decodeRing,
  discardBit,
  encodeHeader,
  encodeHeaderInto,
  encodeRecords,
  encodeRing,
  headerSize,
  isBusy,
  isDiscarded,
  lengthMask,
  pageOffsetAt,
  payloadLength,
  type PageOrigin,
  type RecordHeader,
  RingConsumer,
  type RingLayout,
  RingProducer,
  recordSize,
} from "../../src/ring/index.ts";
import { RingBufHeader } from "../../src/uapi/uapi.gen.ts";
import { KernelRing, makeMemory, payload } from "./kernel-model.ts";

const layout: RingLayout = { size: 16384, origin: "linux" };
const largest = 2 ** 30 - 1;

function header(changes: Partial<RecordHeader> = {}): RecordHeader {
  return { length: 40, busy: false, discarded: false, pageOffset: 3, ...changes };
}

describe("record format: a header", () => {
  it("has the uapi's numbers", () => {
    assert.deepEqual(
      [headerSize, busyBit, discardBit],
      [RingBufHeader.HDR_SZ, RingBufHeader.BUSY_BIT, RingBufHeader.DISCARD_BIT],
    );
    assert.equal(lengthMask, ~(busyBit | discardBit));
  });

  it("is read by the functions as its constants say", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (word) => {
        assert.equal(isBusy(word), (word & busyBit) !== 0);
        assert.equal(isDiscarded(word), (word & discardBit) !== 0);
        assert.equal(payloadLength(word), word & lengthMask);
        assert.equal(recordSize(word & 0xffff), Math.ceil(((word & 0xffff) + headerSize) / 8) * 8);
      }),
    );
  });

  it("stands in 8 bytes, little-endian", () => {
    assert.deepEqual(
      [...encodeHeader({ length: 0x12_3456, pageOffset: 0x0a0b_0c0d })],
      [0x56, 0x34, 0x12, 0x00, 0x0d, 0x0c, 0x0b, 0x0a],
    );
    assert.deepEqual([...encodeHeader({ length: 1, busy: true })], [1, 0, 0, 0x80, 0, 0, 0, 0]);
    assert.deepEqual([...encodeHeader({ length: 1, discarded: true })], [1, 0, 0, 0x40, 0, 0, 0, 0]);
    assert.deepEqual(decodeHeader(Uint8Array.of(9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 1), {
      length: largest,
      busy: true,
      discarded: true,
      pageOffset: 0xffff_ffff,
    });
  });

  it("comes back as it was, wherever it stands", () => {
    const anyHeader = fc.record({
      length: fc.integer({ min: 0, max: largest }),
      busy: fc.boolean(),
      discarded: fc.boolean(),
      pageOffset: fc.integer({ min: 0, max: 0xffff_ffff }),
    });
    fc.assert(
      fc.property(anyHeader, fc.nat(20), (given, offset) => {
        const bytes = new Uint8Array(32).fill(0xaa);
        encodeHeaderInto(bytes, offset, given);
        assert.deepEqual(decodeHeader(bytes, offset), { ...given });
        assert.deepEqual(bytes.slice(offset, offset + 8), encodeHeader(given));
        assert.ok(bytes.every((byte, i) => byte === 0xaa || (i >= offset && i < offset + 8)));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        assert.deepEqual(encodeHeader(decodeHeader(bytes)), bytes);
      }),
    );
  });

  it("is in shared memory too", () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(16));
    encodeHeaderInto(bytes, 8, header());
    assert.deepEqual(decodeHeader(bytes, 8), header());
  });

  it("numbers that no header can hold are refused", () => {
    for (const length of [-1, 1.5, NaN, Infinity]) assert.throws(() => encodeHeader({ length }), RangeError);
    assert.throws(() => encodeHeader({ length: largest + 1 }), {
      code: "TOO_BIG",
      message: /1073741823 bytes are the most/,
    });
    for (const pageOffset of [-1, 0.5, 2 ** 32, NaN]) {
      assert.throws(() => encodeHeader({ length: 0, pageOffset }), RangeError);
    }
    for (const offset of [-1, 1, 0.5, NaN]) {
      assert.throws(() => decodeHeader(new Uint8Array(8), offset), RangeError);
      assert.throws(() => encodeHeaderInto(new Uint8Array(8), offset, header()), RangeError);
    }
  });
});

describe("record format: the page offset", () => {
  it("is counted from the struct, from the data, or not at all", () => {
    const at = (position: bigint, origin: PageOrigin, pageSize?: number): number =>
      pageOffsetAt(position, { size: 16384, origin, pageSize });
    for (const [position, page] of [
      [0n, 0],
      [4088n, 0],
      [4096n, 1],
      [16376n, 3],
      [16384n, 0],
      [2n ** 64n - 8n, 3],
    ] as const) {
      assert.equal(at(position, "linux"), 3 + page);
      assert.equal(at(position, "windows"), page);
      assert.equal(at(position, "user"), 0);
    }
    assert.equal(at(16376n, "linux", 16384), 3);
    assert.equal(at(16376n, "windows", 65536), 0);
  });

  it("of a ring that cannot be is refused", () => {
    for (const size of [0, 4, 4095, 2 ** 31, 8.5, NaN]) {
      assert.throws(() => pageOffsetAt(0n, { size, origin: "linux" }), RangeError);
    }
    for (const pageSize of [0, -4096, 5000, NaN]) {
      assert.throws(() => pageOffsetAt(0n, { size: 4096, origin: "linux", pageSize }), RangeError);
    }
    assert.throws(() => pageOffsetAt(0n, { size: 4096, origin: "mac" as PageOrigin }), TypeError);
  });
});

describe("record format: what a sane header is", () => {
  const producer = 96n;
  const check = (changes: Partial<RecordHeader>, position = 0n, origin: PageOrigin = "linux"): void =>
    checkHeader(header(changes), { position, producer, layout: { size: 16384, origin } });

  it("one that fits where it stands", () => {
    check({});
    check({ busy: true });
    check({ discarded: true });
    check({ length: 88 });
    check({ length: 33 }, 48n);
    check({ length: 0 }, 88n);
    check({ pageOffset: 0 }, 0n, "windows");
    check({ pageOffset: 0 }, 0n, "user");
    check({ pageOffset: 0, busy: true, discarded: true }, 0n, "user");
  });

  const broken: readonly { readonly title: string; readonly run: () => void; readonly says: RegExp }[] = [
    {
      title: "a length beyond the producer",
      run: () => check({ length: 89 }),
      says: /position 0: it claims 89 bytes, but with its header only 96 /,
    },
    { title: "an absurd length", run: () => check({ length: largest }), says: /it claims 1073741823 bytes/ },
    {
      title: "a record behind the producer",
      run: () => check({}, 104n),
      says: /position 96 is behind the consumer position 104/,
    },
    {
      title: "no room for a header",
      run: () => check({ length: 0 }, 96n),
      says: /it claims 0 bytes, but with its header only 0 /,
    },
    { title: "a position between two records", run: () => check({}, 4n), says: /position 4 is not a multiple of 8/ },
    {
      title: "a page of another origin",
      run: () => check({ pageOffset: 0 }),
      says: /it claims to begin in page 0, but stands in page 3/,
    },
    { title: "a page in a user ring", run: () => check({}, 0n, "user"), says: /in page 3, but stands in page 0/ },
    {
      title: "busy and discarded at once",
      run: () => check({ busy: true, discarded: true }),
      says: /busy and discarded at the same time/,
    },
    {
      title: "a producer that is further ahead than the ring is long",
      run: () => checkHeader(header(), { position: 0n, producer: 16392n, layout }),
      says: /more than the ring's 16384 bytes ahead/,
    },
    {
      title: "a misaligned producer",
      run: () => checkHeader(header(), { position: 0n, producer: 100n, layout }),
      says: /the producer position 100 is not a multiple of 8/,
    },
  ];
  for (const { title, run, says } of broken) {
    it(`not ${title}`, () => assert.throws(run, { code: "BAD_RING", message: says }));
  }
});

const someRecords = fc.array(
  fc.record({
    payload: fc.uint8Array({ maxLength: 120 }),
    flag: fc.constantFrom("", "busy", "discarded"),
  }),
  { maxLength: 20 },
);
const origin = fc.constantFrom<PageOrigin>("linux", "windows", "user");
/** Near every power of two at which a word of the position runs over. */
const start = fc
  .tuple(fc.constantFrom(0n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n), fc.integer({ min: -300, max: 300 }))
  .map(([near, eighths]) => BigInt.asUintN(64, near + BigInt(eighths) * 8n));

describe("record format: many records", () => {
  it("come back as they were, one after the other and in a ring, wherever it begins", () => {
    fc.assert(
      fc.property(someRecords, origin, start, fc.constantFrom(64, 4096), (given, from_, at, pageSize) => {
        const records = given.map(({ payload: bytes, flag }) => ({
          payload: bytes,
          busy: flag === "busy",
          discarded: flag === "discarded",
        }));
        const place: RingLayout = { size: 4096, origin: from_, pageSize };
        let position = at;
        const expected = records.map((record) => {
          const { length } = record.payload;
          const whole = { ...record, length, position, pageOffset: pageOffsetAt(position, place) };
          position = BigInt.asUintN(64, position + BigInt(recordSize(length)));
          return whole;
        });
        const bytes = encodeRecords(records, { from: at, layout: place });
        assert.equal(bytes.length % 8, 0);
        assert.deepEqual([...decodeRecords(bytes, { from: at, layout: place })], expected);
        const image = encodeRing(records, place, at);
        assert.equal(image.to, position);
        assert.deepEqual([...decodeRing(image.data, image)], expected);
        assert.deepEqual([...decodeRing(image.data.subarray(0, 4096), image)], expected);
      }),
    );
  });

  it("a sequence without a layout keeps the page offsets that it is given", () => {
    const records = [
      { payload: Uint8Array.of(1, 2, 3), pageOffset: 77 },
      { payload: new Uint8Array(0), busy: true },
    ];
    const bytes = encodeRecords(records);
    assert.deepEqual([...bytes], [3, 0, 0, 0, 77, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0]);
    const decoded = [...decodeRecords(bytes)];
    assert.deepEqual(
      decoded.map(({ position, pageOffset, busy }) => ({ position, pageOffset, busy })),
      [
        { position: 0n, pageOffset: 77, busy: false },
        { position: 16n, pageOffset: 0, busy: true },
      ],
    );
    assert.deepEqual(encodeRecords(decoded), bytes);
    assert.throws(() => [...decodeRecords(bytes, { layout })], {
      code: "BAD_RING",
      message: /in page 77, but stands in page 3/,
    });
  });

  it("a payload is a copy", () => {
    const image = encodeRing([{ payload: Uint8Array.of(1) }], layout);
    const [record] = decodeRing(image.data, image);
    image.data.fill(0);
    assert.deepEqual([...record!.payload], [1]);
  });

  it("more than the ring holds, or where no record begins, is refused", () => {
    const full = [{ payload: new Uint8Array(16376) }];
    assert.equal([...decodeRing(encodeRing(full, layout, 8n).data, { from: 8n, to: 16392n, layout })].length, 1);
    assert.throws(() => encodeRing([{ payload: new Uint8Array(16377) }], layout), { code: "NO_SPACE" });
    assert.throws(() => encodeRing([...full, { payload: new Uint8Array(0) }], layout), { code: "NO_SPACE" });
    assert.throws(() => encodeRing([], layout, 4n), RangeError);
  });

  it("an encoded ring is one that the consumer reads", () => {
    const records = [3, 40, 0, 100].map((length, i) => ({ payload: payload(i, length), discarded: i === 1 }));
    const { data, from, to } = encodeRing(records, { size: 256, origin: "user" }, 200n);
    const consumer = new RingConsumer({
      size: 256,
      data,
      consumer: BigUint64Array.of(from),
      producer: BigUint64Array.of(to),
      open: true,
    });
    const seen: Uint8Array[] = [];
    consumer.drain((bytes, at, length) => void seen.push(bytes.slice(at, at + length)));
    assert.deepEqual(seen, [payload(0, 3), payload(2, 0), payload(3, 100)]);
  });

  it("what the producer of this library writes is a sane user ring", () => {
    const memory = makeMemory(256, { start: 2n ** 32n - 64n });
    const producer = new RingProducer(memory);
    const offsets = [20, 0, 33].map((length, i) => {
      const at = producer.reserve(length);
      memory.data.set(payload(i, length), at);
      return at;
    });
    producer.submit(offsets[2]!);
    producer.discard(offsets[1]!);
    const window = {
      from: memory.consumer[0]!,
      to: memory.producer[0]!,
      layout: { size: 256, origin: "user" } as const,
    };
    assert.deepEqual(
      [...decodeRing(memory.data, window)].map(({ payload: bytes, busy, discarded }) => ({ bytes, busy, discarded })),
      [
        { bytes: payload(0, 20), busy: true, discarded: false },
        { bytes: payload(1, 0), busy: false, discarded: true },
        { bytes: payload(2, 33), busy: false, discarded: false },
      ],
    );
  });

  it("what the model of the kernel writes is a sane event ring", () => {
    const memory = makeMemory(16384, { start: 16384n - 24n });
    const kernel = new KernelRing(memory);
    for (const length of [4, 5000, 4072, 1]) assert.ok(kernel.output(payload(length, length)));
    const window = { from: memory.consumer[0]!, to: memory.producer[0]!, layout };
    const records = [...decodeRing(memory.data, window)];
    assert.deepEqual(
      records.map(({ pageOffset, payload: bytes }) => [pageOffset, bytes.length]),
      [
        [6, 4],
        [6, 5000],
        [4, 4072],
        [5, 1],
      ],
    );
    assert.deepEqual(records[1]!.payload, payload(5000, 5000));
  });
});

describe("record format: hostile bytes", () => {
  /** Every record lies inside, one after the other; or the end is BAD_RING. Gives whether it came to the end. */
  function walk(
    records: Iterable<{ position: bigint; length: number; payload: Uint8Array }>,
    from: bigint,
    to: bigint,
  ): boolean {
    let position = from;
    try {
      for (const record of records) {
        assert.equal(record.position, position);
        assert.equal(record.payload.length, record.length);
        position = BigInt.asUintN(64, position + BigInt(recordSize(record.length)));
        assert.ok(BigInt.asUintN(64, to - position) <= BigInt.asUintN(64, to - from));
      }
    } catch (error) {
      assert.ok(error instanceof EbpfError && error.code === "BAD_RING", String(error));
      return false;
    }
    assert.equal(position, to);
    return true;
  }

  it("any bytes, between any positions", () => {
    let whole = 0;
    const bytes = fc.uint8Array({ minLength: 64, maxLength: 64 });
    const kind = fc.constantFrom<PageOrigin>("linux", "windows", "user");
    fc.assert(
      fc.property(
        bytes,
        fc.boolean(),
        kind,
        start,
        fc.integer({ min: -9, max: 80 }),
        (ring, twice, from_, from, length) => {
          // Bytes that look more like headers than random ones do.
          for (let i = 0; i < 64; i += 8) ring.fill(0, i + 1, i + 8);
          const to = BigInt.asUintN(64, from + BigInt(length));
          const data = twice ? Uint8Array.of(...ring, ...ring) : ring;
          const place: RingLayout = { size: 64, origin: from_ };
          if (walk(decodeRing(data, { from, to, layout: place }), from, to)) whole += 1;
          const part = ring.subarray(0, Math.max(length, 0));
          const end = BigInt.asUintN(64, from + BigInt(part.length));
          walk(decodeRecords(part, { from, layout: place }), from, end);
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(whole > 0);
  });

  it("a sequence that ends inside a record", () => {
    const bytes = encodeRecords([{ payload: payload(1, 20) }, { payload: payload(2, 20) }]);
    const cut = (length: number): unknown[] => [...decodeRecords(bytes.subarray(0, length))];
    assert.equal(cut(32).length, 1);
    assert.throws(() => cut(33), { code: "BAD_RING", message: /position 32: its 1 bytes are not even a header/ });
    assert.throws(() => cut(48), {
      code: "BAD_RING",
      message: /it claims 20 bytes, but with its header only 16 bytes are left/,
    });
  });

  it("records before the broken one are handed out", () => {
    const image = encodeRing([{ payload: payload(1, 20) }, { payload: payload(2, 20) }], layout);
    encodeHeaderInto(image.data, 32, header({ length: 4000 }));
    const records = decodeRing(image.data, image);
    assert.deepEqual(records.next().value?.payload, payload(1, 20));
    assert.throws(() => records.next(), { code: "BAD_RING", message: /position 32: it claims 4000 bytes/ });
    assert.deepEqual(records.next(), { done: true, value: undefined });
  });

  it("data that is no ring of that size", () => {
    for (const length of [0, 8, 16383, 16385, 3 * 16384]) {
      assert.throws(() => [...decodeRing(new Uint8Array(length), { from: 0n, to: 0n, layout })], RangeError);
    }
  });
});
