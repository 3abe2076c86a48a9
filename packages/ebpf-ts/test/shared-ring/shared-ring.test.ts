import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { shmFolder } from "./shm.ts";
import { TemporaryRing } from "./temporary-ring.ts";

const options = { timeout: 30_000, skip: process.platform !== "linux" && "Linux only" };
const root = { ...options, skip: options.skip || (process.geteuid?.() !== 0 && "only root gives files away") };

function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function drained(ring: { drain: ReturnType<SharedRing["consumer"]>["drain"] }): number[][] {
  const got: number[][] = [];
  ring.drain((record) => void got.push([...record.bytes()]));
  return got;
}

test("records of several producers come in the order of their reservation", options, () => {
  using ring = SharedRing.create({ size: 4096 });
  const [one, two] = [ring.producer(), ring.producer()];
  const consumer = ring.consumer();
  const first = one.reserve(1);
  two.send(bytesOf(2));
  assert.equal(consumer.drain(() => {}).state, "busy");
  first.bytes[0] = 1;
  first.submit();
  one.reserve(8).discard();
  assert.equal(two.sendMany([bytesOf(3), bytesOf(), bytesOf(4, 5)]), 3);
  assert.deepEqual(drained(consumer), [[1], [2], [3], [], [4, 5]]);
  assert.equal(consumer.received, 5);
  assert.equal(consumer.discarded, 1);
  assert.equal(one.sent + two.sent, 5);
  assert.equal(one.discarded, 1);
  assert.equal(consumer.available, 0);
});

test("a record that passes the end of the ring is in one piece, for ever", options, () => {
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const consumer = ring.consumer();
  const message = new Uint8Array(1000).map((_, index) => index);
  for (let round = 0; round < 100; round += 1) {
    producer.send(message.fill(round, 0, 8));
    assert.equal(consumer.drain((record) => assert.deepEqual(record.bytes(), message)).delivered, 1);
  }
  assert.equal(consumer.consumerPosition, 100n * 1008n);
  assert.equal(producer.producerPosition, 100n * 1008n);
});

test("a full ring: NO_SPACE, false, a shorter batch; too large is TOO_BIG; misuse is misuse", options, () => {
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  producer.send(new Uint8Array(4088 - 1008));
  assert.equal(producer.sendMany([new Uint8Array(492), new Uint8Array(496), new Uint8Array(8)]), 2);
  assert.equal(producer.free, 0);
  assert.throws(() => producer.send(bytesOf(1)), { code: "NO_SPACE" });
  assert.equal(producer.trySend(bytesOf(1)), false);
  assert.equal(producer.tryReserve(0), undefined);
  assert.throws(() => producer.reserve(4089), { code: "TOO_BIG" });
  assert.throws(() => producer.sendMany([new Uint8Array(4089)]), { code: "TOO_BIG" });
  for (const size of [-1, 1.5, NaN, 2 ** 53])
    assert.throws(() => producer.reserve(size), { name: /RangeError|EbpfError/ });
  for (const value of ["text", undefined, [1], new Uint16Array(2)]) {
    assert.throws(() => producer.send(value as unknown as Uint8Array), TypeError);
    assert.throws(() => producer.sendMany([value as unknown as Uint8Array]), TypeError);
  }
  assert.equal(producer.occupied, 4096);
});

test(
  "those who wait for room get it in their order, or their time is up, or they are told of the end",
  options,
  async () => {
    using ring = SharedRing.create({ size: 4096 });
    const producer = ring.producer();
    const consumer = ring.consumer();
    producer.send(new Uint8Array(4088));
    await assert.rejects(producer.reserveWhenFree(8, { timeoutMs: 30 }), { code: "NO_SPACE" });
    const abort = new AbortController();
    const aborted = producer.reserveWhenFree(8, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    const order: number[] = [];
    const waits = [3000, 500, 8].map(async (size, index) => {
      const reservation = await producer.reserveWhenFree(size);
      order.push(index);
      reservation.submit();
    });
    await sleep(20);
    consumer.drain(() => {});
    await Promise.all(waits);
    assert.deepEqual(order, [0, 1, 2]);
    const last = producer.reserveWhenFree(4000);
    producer.close();
    await assert.rejects(last, { code: "CLOSED" });
  },
);

test("a loop over records wakes for each, ends with its signal or its promise", options, async () => {
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const consumer = ring.consumer();
  const stream = consumer.events();
  const waits: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const next = stream.next();
    await sleep(i % 3);
    const began = performance.now();
    producer.send(bytesOf(i));
    assert.deepEqual((await next).value, bytesOf(i));
    waits.push(performance.now() - began);
  }
  // Without a wake-up it would look again after half a second, each time.
  assert.ok(Math.min(...waits) < 400, `${waits}`);
  assert.throws(() => consumer.drain(() => {}), { code: "BUSY" });
  await stream.return();
  producer.sendMany([bytesOf(1), bytesOf(2)]);
  const got: number[] = [];
  for await (const bytes of consumer.events({ until: Promise.resolve() })) got.push(bytes[0]!);
  assert.deepEqual(got, [1, 2]);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 10);
  await assert.rejects(async () => {
    for await (const _ of consumer.events({ signal: abort.signal }));
  }, /enough/);
});

test(
  "a loop that is to end does not wait for a reservation that is kept, and the next loop gets it",
  options,
  async () => {
    using ring = SharedRing.create({ size: 4096 });
    const producer = ring.producer();
    const kept = producer.reserve(1);
    const consumer = ring.consumer();
    for await (const _ of consumer.events({ until: Promise.resolve() })) assert.fail("nothing was submitted");
    const next = consumer.events().next();
    await sleep(100);
    kept.bytes[0] = 7;
    kept.submit();
    assert.deepEqual((await next).value, bytesOf(7));
  },
);

test("batches show records where they stand, decode copies of them, and leave what was not read", options, async () => {
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const consumer = ring.consumer();
  producer.sendMany(Array.from({ length: 60 }, (_, i) => bytesOf(i)));
  const seen: number[] = [];
  let kept: { readonly length: number } | undefined;
  for await (const batch of consumer.batches({ until: Promise.resolve() })) {
    for (const record of batch) {
      kept = record;
      seen.push(record.u8(0));
      if (seen.length % 3 === 2) break;
    }
    for (const bytes of batch.events()) {
      seen.push(bytes[0]!);
      if (seen.length % 5 === 0) break;
    }
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, i) => i),
  );
  assert.equal(kept?.length, 0);
  const stream = consumer.batches();
  const next = stream.next();
  producer.send(bytesOf(7));
  const { value } = await next;
  assert.throws(() => consumer.drain(() => {}), { code: "BUSY" });
  await stream.return();
  assert.throws(() => [...value!], { code: "CLOSED" });
  assert.deepEqual(drained(consumer), [[7]]);
});

test("drainBlocking waits for the first record, and takes the limits of a drain", options, () => {
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const consumer = ring.consumer();
  const nothing = { delivered: 0, discarded: 0, state: "empty" };
  assert.deepEqual(
    consumer.drainBlocking(() => {}, { timeoutMs: 5 }),
    nothing,
  );
  producer.sendMany([bytesOf(1), bytesOf(2), bytesOf(3)]);
  assert.deepEqual(
    consumer.drainBlocking(() => {}, { max: 2 }),
    { delivered: 2, discarded: 0, state: "limit" },
  );
  for (const wrong of [null, { timeout: 1 }, { timeoutMs: "1" }, { max: "1" }]) {
    assert.throws(() => consumer.drainBlocking(() => {}, wrong as never), TypeError);
  }
  for (const wrong of [{ timeoutMs: -1 }, { max: 0 }])
    assert.throws(() => consumer.drainBlocking(() => {}, wrong), RangeError);
  assert.throws(() => consumer.drainBlocking(undefined as never), TypeError);
  assert.deepEqual(drained(consumer), [[3]]);
});

test("waitSync blocks until there is a record, or the time is up", options, () => {
  using ring = SharedRing.create({ size: 4096 });
  const consumer = ring.consumer();
  const began = performance.now();
  assert.equal(consumer.waitSync(30), false);
  assert.ok(performance.now() - began >= 29);
  ring.producer().send(bytesOf(1));
  assert.equal(consumer.waitSync(), true);
  assert.throws(() => consumer.waitSync(-1), RangeError);
});

test("what is closed says so, and lets go of all it had", options, () => {
  const before = openDescriptors().length;
  const ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const open = producer.reserve(8);
  const consumer = ring.consumer();
  producer.close();
  assert.throws(() => open.submit(), { code: "CLOSED" });
  assert.throws(() => producer.send(bytesOf(1)), { code: "CLOSED" });
  assert.throws(() => producer.sendMany([bytesOf(1)]), { code: "CLOSED" });
  assert.deepEqual(
    consumer.drain(() => {}),
    { delivered: 0, discarded: 1, state: "empty" },
  );
  consumer.close();
  ring.consumer().close();
  const last = ring.consumer();
  ring.close();
  ring.close();
  assert.throws(() => last.drain(() => {}), { code: "CLOSED" });
  assert.throws(() => last.events(), { code: "CLOSED" });
  assert.throws(() => last.waitSync(0), { code: "CLOSED" });
  assert.throws(() => ring.producer(), { code: "CLOSED" });
  assert.throws(() => ring.fd, { code: "CLOSED" });
  assert.equal(producer.occupied, 0);
  assert.equal(openDescriptors().length, before);
});

test("a ring can be opened by path, by descriptor, and by a path in /proc", options, () => {
  using temporary = new TemporaryRing({ size: 8192 });
  using memory = SharedRing.create({ size: 4096 });
  const producer = temporary.ring.producer();
  producer.send(bytesOf(1));
  using byPath = SharedRing.open(temporary.path);
  assert.equal(byPath.size, 8192);
  assert.deepEqual(drained(byPath.consumer()), [[1]]);
  memory.producer().send(bytesOf(2));
  using byNumber = SharedRing.open(memory.fd);
  byNumber.producer().send(bytesOf(3));
  using byProc = SharedRing.open(`/proc/${process.pid}/fd/${memory.fd}`);
  assert.deepEqual(drained(byProc.consumer()), [[2], [3]]);
  assert.throws(() => ftruncateSync(memory.fd, 0), { code: "EPERM" }, "its size is sealed");
});

test("the file is private unless its mode says otherwise, and a file that exists is not touched", options, () => {
  using temporary = new TemporaryRing();
  assert.equal(statSync(temporary.path).mode & 0o777, 0o600);
  using open = new TemporaryRing({ mode: 0o666 });
  assert.equal(statSync(open.path).mode & 0o777, 0o666);
  assert.throws(() => SharedRing.create({ path: open.path, size: 4096 }), { code: "BUSY", message: /exists already/ });
  assert.throws(() => SharedRing.create({ size: 4096, mode: 0o1777 }), RangeError);
  for (const size of [0, 100, 4097, 2 ** 31, -4096, 1.5, NaN])
    assert.throws(() => SharedRing.create({ size }), RangeError);
  assert.throws(() => SharedRing.create({ path: "/nonexistent/ring" }), { code: "NOT_FOUND" });
  assert.throws(() => SharedRing.open("/nonexistent"), { code: "NOT_FOUND", message: /there is no such file/ });
  assert.throws(() => SharedRing.open(-1), RangeError);
  assert.throws(() => SharedRing.open(999_999), { code: "NOT_FOUND" });
});

test("a file of another user is refused, unless that one is trusted", root, () => {
  using temporary = new TemporaryRing();
  chownSync(temporary.path, 65_534, 65_534);
  const before = openDescriptors().length;
  const refused = { code: "BAD_RING", message: /belongs to user 65534, and this process is of user 0; .*trustOwner/ };
  for (const given of [undefined, {}, { trustOwner: false }])
    assert.throws(() => SharedRing.open(temporary.path, given), refused);
  assert.throws(() => SharedRing.open(temporary.ring.fd), refused);
  assert.equal(openDescriptors().length, before);
  using ring = SharedRing.open(temporary.path, { trustOwner: true });
  ring.producer().send(bytesOf(1));
  assert.deepEqual(drained(temporary.ring.consumer()), [[1]]);
  for (const wrong of [null, { trustOwner: 1 }, { trustowner: true }])
    assert.throws(() => SharedRing.open(temporary.path, wrong as never), TypeError);
});

test(
  "what is no ring is refused: other files, folders, devices, links to them, files that are too short",
  options,
  () => {
    const folder = mkdtempSync(join(shmFolder(), "ebpf-ts-ring-"));
    try {
      const other = join(folder, "other");
      writeFileSync(other, "hello");
      symlinkSync(other, join(folder, "link"));
      assert.throws(() => SharedRing.open(other), { code: "BAD_RING", message: /is no shared ring/ });
      assert.throws(() => SharedRing.open(join(folder, "link")), { code: "BAD_RING" });
      assert.throws(() => SharedRing.open("/dev/zero"), { code: "BAD_RING" });
      execFileSync("mkfifo", [join(folder, "pipe")]);
      assert.throws(() => SharedRing.open(join(folder, "pipe")), { code: "BAD_RING" });
      assert.throws(() => SharedRing.open(folder), { name: "SyscallError" });
      const path = join(folder, "ring");
      SharedRing.create({ path, size: 8192 }).close();
      ftruncateSync(openSync(path, "r+"), 3 * 4096 + 8191);
      assert.throws(() => SharedRing.open(path), { code: "BAD_RING", message: /its file has only 20479 bytes/ });
      chmodSync(path, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test(
  "a drain's callback cannot read the ring in another way, and its view stays valid when it tries",
  options,
  async () => {
    using ring = SharedRing.create({ size: 4096 });
    const producer = ring.producer();
    const consumer = ring.consumer();
    producer.sendMany([bytesOf(1), bytesOf(2), bytesOf(3)]);
    const seen: number[] = [];
    const tries: Promise<void>[] = [];
    consumer.drain((record) => {
      assert.throws(() => consumer.drain(() => {}), { code: "BUSY" });
      assert.throws(() => consumer.waitSync(0), { code: "BUSY" });
      tries.push(assert.rejects(consumer.events().next(), { code: "BUSY" }));
      assert.equal(producer.occupied, 48);
      seen.push(record.u8(0));
    });
    await Promise.all(tries);
    assert.deepEqual(seen, [1, 2, 3]);
  },
);

test("who is closed by a drain's callback leaves the rest to the next consumer", options, () => {
  using temporary = new TemporaryRing({ size: 4096 });
  const { ring, path } = temporary;
  const producer = ring.producer();
  producer.sendMany([bytesOf(1), bytesOf(2), bytesOf(3), bytesOf(4), bytesOf(5)]);
  const seen: number[] = [];
  const first = ring.consumer();
  first.drain((record) => {
    seen.push(record.u8(0));
    if (seen.length < 2) return;
    first.close();
    assert.equal(record.length, 0);
    using second = ring.consumer();
    second.drain((other) => seen.push(other.u8(0)) < 3);
  });
  const opened = SharedRing.open(path);
  opened.consumer().drain((record) => {
    seen.push(record.u8(0));
    if (seen.length === 4) opened.close();
  });
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.deepEqual(drained(ring.consumer()), [[5]]);
  assert.equal(producer.free, 4096);
});

test("options that make no sense are told, and nothing is read or made meanwhile", options, async () => {
  for (const wrong of [null, 5, { sise: 4096 }, { path: 5 }, { path: null }, { path: "" }, { path: "a\0b" }]) {
    assert.throws(() => SharedRing.create(wrong as never), TypeError);
  }
  for (const wrong of ["", "a\0b", null, true]) assert.throws(() => SharedRing.open(wrong as never), TypeError);
  for (const wrong of [-1, 1.5, 2 ** 31]) assert.throws(() => SharedRing.open(wrong), RangeError);
  assert.throws(() => SharedRing.open("/etc/passwd"), /^EbpfError: Cannot open shared ring \/etc\/passwd: the file/);
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const consumer = ring.consumer();
  producer.send(bytesOf(1));
  for (const wrong of [null, 5, { foo: 1 }, { max: "5" }, { max: null }, { budgetMs: "1" }]) {
    assert.throws(() => consumer.drain(() => {}, wrong as never), TypeError);
  }
  for (const wrong of [{ max: NaN }, { max: 0 }, { max: 1.5 }, { budgetMs: -1 }]) {
    assert.throws(() => consumer.drain(() => {}, wrong), RangeError);
  }
  for (const wrong of [undefined, null, 5]) assert.throws(() => consumer.drain(wrong as never), TypeError);
  for (const wrong of ["5", null]) assert.throws(() => consumer.waitSync(wrong as never), TypeError);
  for (const wrong of [null, { foo: 1 }, { signal: {} }])
    assert.throws(() => consumer.events(wrong as never), TypeError);
  for (const wrong of [null, { foo: 1 }, { timeoutMs: "5" }]) {
    await assert.rejects(producer.reserveWhenFree(8, wrong as never), TypeError);
  }
  assert.deepEqual(drained(consumer), [[1]]);
});
