import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { makeMessage } from "./message.ts";
import { Child } from "./start-child.ts";
import { TemporaryRing } from "./temporary-ring.ts";

const options = { timeout: 300_000, skip: process.platform !== "linux" && "Linux only" };

for (const size of [4096, 2 ** 20]) {
  test(
    `four processes send through a ring of ${size} bytes; each one's records come in order, none is lost`,
    options,
    async () => {
      using temporary = new TemporaryRing({ size });
      const count = 5000;
      const children = [0, 1, 2, 3].map((life) => new Child("actor", ["send", temporary.path, `${life}`, `${count}`]));
      const ends = Promise.all(children.map((child) => child.exit()));
      const consumer = temporary.ring.consumer();
      const next = [0, 0, 0, 0];
      for await (const bytes of consumer.events({ until: ends })) {
        const life = bytes[0]!;
        assert.deepEqual(bytes, makeMessage(life, next[life]!, bytes.length));
        next[life]! += 1;
      }
      assert.deepEqual(await ends, [0, 0, 0, 0]);
      assert.deepEqual(next, [count, count, count, count]);
      assert.equal(consumer.received, 4 * count);
      assert.equal(consumer.consumerPosition, consumer.producerPosition);
      assert.equal(consumer.abandoned, 0);
    },
  );
}

test("a ring without a path goes to a child as a descriptor", options, async () => {
  using ring = SharedRing.create({ size: 4096 });
  await using child = new Child("actor", ["send", "/proc/self/fd/3", "7", "100"], [ring.fd]);
  const consumer = ring.consumer();
  let next = 0;
  for await (const bytes of consumer.events({ until: child.exit() })) {
    assert.deepEqual(bytes, makeMessage(7, next, bytes.length));
    next += 1;
  }
  assert.equal(next, 100);
});

test(
  "a ring that waits for nothing lets the process end; one that waits keeps it alive; process.exit ends it",
  options,
  async () => {
    for (const [how, expected] of [
      ["idle", 0],
      ["waiting", 4],
      ["exit", 3],
    ] as const) {
      await using child = new Child("exit", [how]);
      await child.said(1);
      assert.equal(await child.exit(), expected, how);
    }
  },
);
