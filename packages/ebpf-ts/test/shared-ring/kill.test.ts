import assert from "node:assert/strict";
import { test } from "node:test";
import type { SharedConsumer } from "../../src/shared-ring/shared-consumer.ts";
import { Child } from "./start-child.ts";
import { makeMessage, readMessage } from "./message.ts";
import { TemporaryRing } from "./temporary-ring.ts";

/** `life/number` of what is there now. */
function drainAll(consumer: SharedConsumer): string[] {
  const got: string[] = [];
  consumer.drain((record) => {
    const { life, number } = readMessage(record);
    got.push(`${life}/${number}`);
  });
  return got;
}

const options = { timeout: 60_000, skip: process.platform !== "linux" && "Linux only" };

test("a record whose producer was killed is discarded and counted, those behind it come", options, async () => {
  using temporary = new TemporaryRing();
  const { ring, path } = temporary;
  const consumer = ring.consumer();
  const producer = ring.producer();
  producer.send(makeMessage(9, 0, 20));
  await using child = new Child("actor", ["hold", path, "1"]);
  await child.said(1);
  producer.send(makeMessage(9, 1, 20));
  assert.deepEqual(drainAll(consumer), ["9/0"]);
  assert.equal(consumer.abandoned, 0, "the producer lives");
  await child.kill();
  assert.deepEqual(drainAll(consumer), ["9/1"]);
  assert.equal(consumer.abandoned, 1);
  assert.equal(consumer.discarded, 0);
});

test("who waits for a record learns that its producer was killed, by promise and blocking", options, async () => {
  using temporary = new TemporaryRing();
  const { ring, path } = temporary;
  const consumer = ring.consumer();
  for (const how of ["events", "batches", "blocking"] as const) {
    await using child = new Child("actor", ["hold", path, "1"]);
    await child.said(1);
    const producer = ring.producer();
    producer.send(makeMessage(9, 0, 20));
    producer.close();
    if (how === "blocking") {
      assert.equal(consumer.waitSync(50), false);
      await child.kill();
      assert.equal(consumer.waitSync(5000), true);
      assert.deepEqual(drainAll(consumer), ["9/0"]);
    } else {
      const stream = consumer[how]();
      const next = stream.next();
      await child.kill();
      const { value } = await next;
      assert.deepEqual(
        value instanceof Uint8Array ? value.length : [...value!.events()].map(({ length }) => length),
        how === "events" ? 20 : [20],
      );
      await stream.return();
    }
  }
  assert.equal(consumer.abandoned, 3);
});

test("a slot that is taken again does not bring its last owner back to life", options, async () => {
  using temporary = new TemporaryRing();
  const { ring, path } = temporary;
  await using child = new Child("actor", ["hold", path, "1"]);
  await child.said(1);
  await child.kill();
  // The same slot, the first that is free.
  const producer = ring.producer();
  producer.send(makeMessage(9, 0, 20));
  const consumer = ring.consumer();
  assert.deepEqual(drainAll(consumer), ["9/0"]);
  assert.equal(consumer.abandoned, 1);
});

test("a lock whose owner was killed is taken over, and what it had not published is not seen", options, async () => {
  using temporary = new TemporaryRing();
  const { ring, path } = temporary;
  const producer = ring.producer();
  const consumer = ring.consumer();
  for (const role of ["lock", "halfway"]) {
    await using child = new Child("actor", [role, path, "1"]);
    await child.said(1);
    await child.kill();
    producer.send(makeMessage(9, 0, 20));
    assert.deepEqual(drainAll(consumer), ["9/0"]);
  }
  assert.equal(consumer.abandoned, 0);
});

test(
  "a lock whose owner is stopped is an error after a while, not a hang, and is free when it goes on",
  options,
  async () => {
    using temporary = new TemporaryRing();
    const producer = temporary.ring.producer();
    await using child = new Child("actor", ["lock", temporary.path]);
    await child.said(1);
    const pid = new RegExp(`process ${child.process.pid},`);
    assert.throws(() => producer.send(makeMessage(9, 0, 20)), { name: "EbpfError", code: "BUSY", message: pid });
    await child.kill();
    producer.send(makeMessage(9, 0, 20));
  },
);

test("a consumer that was killed lets the next one go on: nothing is lost, order is kept", options, async () => {
  using temporary = new TemporaryRing({ size: 4096 });
  const { ring, path } = temporary;
  await using sender = new Child("actor", ["send", path, "5", "2000"]);
  const seen: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await using reader = new Child("actor", ["read", path, "300"]);
    await reader.said(300);
    assert.throws(() => ring.consumer(), { code: "BUSY", message: /consumer already, in process \d+/ });
    await reader.kill();
    const numbers = reader.lines.map((line) => Number(line.split("/")[1]));
    const begin = numbers[0]!;
    assert.ok(begin <= seen.length, `${begin} came after ${seen.length - 1}`);
    numbers.forEach((number, index) => assert.equal(number, begin + index));
    seen.push(...numbers.slice(seen.length - begin));
  }
  const consumer = ring.consumer();
  for await (const bytes of consumer.events({ until: sender.exit() })) {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
    if (number >= seen.length) seen.push(number);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 2000 }, (_, number) => number),
  );
});

test("a consumer that is killed while it discards for another counts it once, wherever it stops", options, async () => {
  for (const steps of ["0", "1", "2", "3", "4", "5"]) {
    using temporary = new TemporaryRing();
    const { ring, path } = temporary;
    await using holder = new Child("actor", ["hold", path, "1"]);
    await holder.said(1);
    await holder.kill();
    await using rescuer = new Child("actor", ["rescue", path, steps]);
    await rescuer.said(1);
    await rescuer.kill();
    const consumer = ring.consumer();
    assert.deepEqual(drainAll(consumer), []);
    assert.equal(consumer.available, 0);
    assert.equal(consumer.abandoned, 1, `after ${steps} steps`);
  }
});

test("closing the ring of a child that is gone leaves all slots free", options, async () => {
  using temporary = new TemporaryRing();
  const { ring, path } = temporary;
  await using child = new Child("actor", ["hold", path, "1"]);
  await child.said(1);
  await child.kill();
  const producers = Array.from({ length: 256 }, () => ring.producer());
  assert.throws(() => ring.producer(), { code: "BUSY", message: /256 producers already/ });
  producers[100]!.close();
  ring.producer().close();
});
