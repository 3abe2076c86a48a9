import assert from "node:assert/strict";
import { it } from "node:test";
import { fixture, onEachEngine, onKernel } from "./fixture.ts";

/** Records of 16 bytes that a ring of 4096 has room for. */
const room = 255;

onEachEngine("loss: refused reservations", (engine) => {
  it("what a global variable counts, and what an array per CPU counts, is each ring's loss", async () => {
    await using loaded = await fixture(engine, "loss");
    const [first, second] = [loaded.bpf.ringBuf("first"), loaded.bpf.ringBuf("second")];
    assert.deepEqual([first.lost, second.lost, loaded.bpf.lost], [0, 0, 0]);
    assert.equal((await loaded.call("fill_first", { count: room + 10 }))["refused"], 10);
    assert.deepEqual([first.lost, second.lost, loaded.bpf.lost], [10, 0, 10]);
    assert.equal((await loaded.call("fill_second", { count: room + 3 }))["refused"], 3);
    await loaded.call("fill_second", { count: 4 });
    assert.deepEqual([first.lost, second.lost, loaded.bpf.lost], [10, 7, 17]);
    let received = 0;
    first.drain(() => void (received += 1));
    assert.equal(received, room);
    await loaded.call("fill_first", { count: 1 });
    assert.equal(first.lost, 10);
  });

  it("asking for all losses does not settle what a ring's records are", async () => {
    await using loaded = await fixture(engine, "ring", (spec) => {
      for (const map of spec.maps) map.recordType = 0;
    });
    void loaded.bpf.lost;
    const type = "record";
    const ring = loaded.bpf.ringBuf("events", { type });
    assert.equal(loaded.bpf.ringBuf("events", { type }), ring);
    assert.equal(loaded.bpf.ringBuf("events"), ring);
    assert.throws(() => loaded.bpf.ringBuf("events", { type: "no_such" }), { code: "NOT_FOUND" });
  });

  it("a ring that is open as bytes cannot be opened as something else", async () => {
    await using loaded = await fixture(engine, "ring", (spec) => {
      for (const map of spec.maps) map.recordType = 0;
    });
    loaded.bpf.ringBuf("events");
    assert.throws(() => loaded.bpf.ringBuf("events", { type: "record" }), TypeError);
  });

  it("agrees with what the programs counted", async () => {
    await using loaded = await fixture(engine, "loss");
    await loaded.call("fill_first", { count: 700 });
    assert.equal(BigInt(loaded.bpf.ringBuf("first").lost!), loaded.bpf.variable("first__lost").get());
  });

  it("what user space cannot inject is not lost", async () => {
    await using loaded = await fixture(engine, "loss");
    const ring = loaded.bpf.ringBuf("first");
    await loaded.call("fill_first", { count: room });
    await assert.rejects(ring.inject(new Uint8Array(8)), { code: "NO_SPACE" });
    assert.equal(ring.lost, 0);
  });
});

onKernel("loss: objects that do not count", () => {
  it("nobody knows, so undefined", async () => {
    await using loaded = await fixture("kernel", "ring");
    assert.equal(loaded.bpf.ringBuf("events").lost, undefined);
    assert.equal(loaded.bpf.lost, undefined);
  });

  it("a counter that is shared by several rings counts for all of them together", async () => {
    await using loaded = await fixture("kernel", "loss", (spec) => {
      spec.variables.find(({ name }) => name === "first__lost")!.name = "lost";
      spec.maps.find(({ name }) => name === "second_lost_samples")!.valueType = 0;
    });
    await loaded.call("fill_first", { count: room + 10 });
    await loaded.call("fill_second", { count: room + 1 });
    assert.equal(loaded.bpf.ringBuf("first").lost, undefined);
    assert.equal(loaded.bpf.ringBuf("second").lost, 1);
    assert.equal(loaded.bpf.lost, 11);
  });
});
