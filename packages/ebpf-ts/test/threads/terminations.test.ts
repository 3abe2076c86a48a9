import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { SharedLock } from "../../src/memory/shared-lock.ts";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { openRingBuf } from "../../src/workers/index.ts";
import { exit, machineOf, movImm, runWith } from "../embedded/test-machine.ts";
import { consume, produce } from "../embedded-maps/reference-ring.ts";
import { cpus, keysOf, makeMap, specOf, u32 } from "../embedded-maps/test-map.ts";
import { fixture, onEachEngine } from "../suite/fixture.ts";
import { type Mortal, Mortal as Thread, terminateAtRandom, terminations } from "./mortals.ts";

/** Threads are terminated at random while they use what they share; those that are left go on, and find it whole. */
const options = { timeout: 60_000 + terminations * 10_000 };

async function endOf(deed: Parameters<typeof Thread.start>[0]): Promise<void> {
  const holder: Mortal = await Thread.start(deed);
  holder.go();
  await holder.until(1);
  await holder.terminate();
}

describe("threads that are terminated", () => {
  it("leave a lock to the others", options, async () => {
    const words = new Int32Array(new SharedArrayBuffer(12));
    const lock = new SharedLock(words, 0, "what is tested");
    await terminateAtRandom({ deed: "lock", words: words.buffer as SharedArrayBuffer }, () => {
      if (lock.acquire()) words[2] = words[1]!;
      assert.equal(words[1], words[2]);
      lock.release();
    });
  });

  for (const [title, type] of [
    ["hash", MapType.HASH],
    ["LRU hash", MapType.LRU_HASH],
  ] as const) {
    it(`leave a ${title} whole`, options, async () => {
      const entries = 16;
      const { map, image, memory } = makeMap(specOf(type, 4, 64, entries));
      const check = (): void => {
        for (const key of keysOf(map)) {
          const value = map.read(u32(key));
          assert.ok(value === undefined || value.length === 64);
        }
      };
      await terminateAtRandom({ deed: "hash", image, memory }, check);
      const left = keysOf(map);
      assert.equal(new Set(left).size, left.length);
      for (const key of left) assert.equal(map.delete(u32(key)), 0);
      assert.deepEqual(keysOf(map), []);
      for (let key = 100; key < 100 + entries; key += 1)
        assert.equal(map.update(u32(key), new Uint8Array(64), 1, 0), 0);
      assert.equal(keysOf(map).length, entries, "no slot is lost");
      assert.equal(map.update(u32(1), new Uint8Array(64), 1, 0), type === MapType.HASH ? -7 : 0);
    });
  }

  for (const [title, type] of [
    ["queue", MapType.QUEUE],
    ["stack", MapType.STACK],
  ] as const) {
    it(`leave a ${title} whole`, options, async () => {
      const entries = 5;
      const { map, image, memory } = makeMap(specOf(type, 0, 64, entries));
      const none = new Uint8Array(0);
      const value = new Uint8Array(64);
      const isWhole = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === bytes[0]);
      await terminateAtRandom({ deed: "queue", image, memory }, () => {
        map.peek!(value);
        assert.ok(isWhole(value));
      });
      let left = 0;
      for (let each = map.take!(none); each !== undefined; each = map.take!(none), left += 1) assert.ok(isWhole(each));
      assert.ok(left <= entries);
      for (let round = 0; round < 3; round += 1) {
        for (let number = 0; number < entries; number += 1) assert.equal(map.push!(value.fill(number), 0), 0);
        assert.equal(map.push!(value, 0), -7, "no slot is lost, and none won");
        for (let number = 0; number < entries; number += 1) assert.equal(map.pop!(value), 0);
        assert.equal(map.pop!(value), -2);
      }
    });
  }

  it("leave an event ring to the others, and their records are discarded", options, async () => {
    const { map, image, memory } = makeMap(specOf(MapType.RINGBUF, 0, 0, 4096));
    const ring = map.ring!;
    const drain = (): void => {
      while (consume(ring.memory) !== undefined);
    };
    await terminateAtRandom({ deed: "ring", image, memory }, drain);
    // Whoever reserves next finds the dead, if somebody was: after a while, since a thread is not asked after at once.
    for (let round = 0; ring.query(0n) > 0n || round < 2; round += 1) {
      const address = ring.reserve(8, 0n);
      if (address !== 0) ring.submit(address, 0n);
      drain();
    }
    assert.equal(ring.query(0n), 0n);
  });

  it("leave the draining of a user ring to the others", options, async () => {
    const { map, image, memory } = makeMap(specOf(MapType.USER_RINGBUF, 0, 0, 4096));
    const ring = map.userRing!;
    await terminateAtRandom({ deed: "drain", image, memory }, () => {
      while (produce(ring.memory, new Uint8Array(8)));
    });
    assert.ok(ring.drain(() => 0, 0n) >= 0);
    assert.equal(
      openMap(image, memory, cpus).userRing!.drain(() => 0, 0n),
      0,
    );
  });

  it("leave their CPU to the others", options, async () => {
    const machine = machineOf(() => [[movImm(0, 7), exit]], { cpus: 2 });
    await terminateAtRandom({ deed: "run", image: machine.image }, () => {
      assert.equal(runWith(machine).returnValue, 7n);
    });
  });

  it("leave a shared ring to the others", options, async () => {
    using ring = SharedRing.create({ size: 4096 });
    const producer = ring.producer();
    const consumer = ring.consumer();
    await terminateAtRandom({ deed: "produce", fd: ring.fd }, () => {
      consumer.drain(() => {});
    });
    for (let round = 0; round < 3; round += 1) {
      assert.equal(consumer.drain(() => {}).state, "empty");
      producer.send(new Uint8Array(8));
    }
  });
});

onEachEngine("threads that are terminated, and rings", (engine) => {
  it("leave a user ring to the others", options, async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    const handle = ring.share();
    const drain = async (): Promise<void> => {
      assert.ok((await loaded.call("drain_count")).result >= 0n);
    };
    await terminateAtRandom({ deed: "send", handle }, async () => {
      ring.trySend(new Uint8Array(8));
      await drain();
    });
    // The last of them may be found only after a while.
    while (ring.occupied > 0) {
      ring.trySend(new Uint8Array(8));
      await drain();
    }
    ring.send(new Uint8Array(8));
    assert.equal((await loaded.call("drain_count")).seen, 1n);
  });

  it("leave a reader's place to the others", options, async () => {
    await using loaded = await fixture(engine, "workers");
    const handle = loaded.bpf.ringBuf("events").share();
    await terminateAtRandom({ deed: "read", handle }, () => {});
    (await openRingBuf(handle)).close();
  });

  it("with a user ring's turn: it goes on with the next send, and nothing of the batch is seen", options, async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    await endOf({ deed: "hold turn", handle: ring.share() });
    ring.send(new Uint8Array(8));
    assert.equal((await loaded.call("drain_count")).seen, 1n);
    assert.equal(ring.abandoned, 0);
  });

  it("with a sample: it is discarded by the next one who writes, and counted", options, async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    await endOf({ deed: "hold sample", handle: ring.share() });
    let sent = 0;
    for (; ring.abandoned === 0; sent += ring.trySend(new Uint8Array(8)) ? 1 : 0);
    assert.equal(ring.abandoned, 1);
    assert.equal((await loaded.call("drain_count")).seen, BigInt(sent));
    assert.equal(ring.occupied, 0);
  });

  it("with a sample that fills the ring: whoever waits for room gets it", options, async () => {
    await using loaded = await fixture(engine, "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    await endOf({ deed: "hold sample", handle: ring.share() });
    while (ring.trySend(new Uint8Array(8)) && ring.abandoned === 0);
    const waiting = ring.reserveWhenFree(ring.size - 8);
    while (ring.abandoned === 0) await new Promise((resolve) => setImmediate(resolve));
    await loaded.call("drain_count");
    (await waiting).discard();
    assert.equal(ring.abandoned, 1);
  });
});
