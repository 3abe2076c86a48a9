import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kernelOrSkip } from "../support/requirements.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { asU64, changedSys, loadFixture, u64 } from "./kernel-fixture.ts";

describe("kernel: running by hand", { skip: kernelOrSkip() }, () => {
  it("a syscall program gets its context, and gives it back changed", async () => {
    const collection = await loadFixture("kernel-run");
    const sum = collection.programs.get("sum")!;
    const context = u64(20n, 22n, 0n);
    const result = await sum.run({ context });
    assert.equal(result.returnValue, 7);
    assert.deepEqual(result.context, u64(20n, 22n, 42n));
    assert.deepEqual(context, u64(20n, 22n, 0n));
    assert.equal((await sum.run({ context: u64(0n, 0n, 0n) })).returnValue, 0xffff_ffff);
    await collection.close();
  });

  it("a packet program gets a packet, and gives back a shorter one", async () => {
    const collection = await loadFixture("kernel-run");
    const data = new Uint8Array(100).fill(0x0f);
    const result = await collection.programs.get("flip")!.run({ data });
    assert.equal(result.returnValue, 3); // XDP_TX
    assert.equal(result.data!.length, 99);
    assert.deepEqual([...result.data!.subarray(0, 3)], [0xf0, 0x0f, 0x0f]);
    await collection.close();
  });

  it("a raw tracepoint program gets its arguments", async () => {
    const collection = await loadFixture("kernel-run");
    const result = await collection.programs.get("second_argument")!.run({ context: u64(1n, 33n) });
    assert.equal(result.returnValue, 33);
    assert.equal(result.context, undefined);
    await collection.close();
  });

  it("repeats on the bytes that it was given, whatever becomes of their buffer meanwhile", async () => {
    const collection = await loadFixture("kernel-run");
    const context = u64(1n, 2n, 0n);
    const running = collection.programs.get("sum")!.run({ context, repeat: 200 });
    context.fill(0xff);
    assert.deepEqual([...(await running).context!.subarray(0, 16)], [...u64(1n, 2n)]);
    await collection.close();
  });

  it("repeats: each run gets the context as the one before has left it", async () => {
    const collection = await loadFixture("kernel-run");
    const runs = (): bigint | undefined => asU64(collection.maps.get(".bss")!.lookup(new Uint8Array(4)));
    const result = await collection.programs.get("sum")!.run({ context: u64(1n, 2n, 0n), repeat: 200 });
    assert.deepEqual(result.context, u64(1n, 2n, 3n));
    assert.ok(result.duration > 0);
    assert.equal(runs(), 200n);
    await collection.programs.get("second_argument")!.run({ context: u64(1n, 2n), repeat: 3 });
    assert.equal(runs(), 203n);
    await assert.rejects(collection.programs.get("sum")!.run({ repeat: 0 }), RangeError);
    await assert.rejects(collection.programs.get("sum")!.run({ repeat: 1.5 }), RangeError);
    await collection.close();
  });

  it("repeats on a packet as often as it is told, and ends between parts of them once it is closed", async () => {
    const collection = await loadFixture("kernel-run");
    const flip = collection.programs.get("flip")!;
    const runs = (): bigint | undefined => asU64(collection.maps.get(".bss")!.lookup(new Uint8Array(4)));
    await flip.run({ data: new Uint8Array(64), repeat: 2500 });
    assert.equal(runs(), 2500n);
    // By itself this takes minutes, in which nothing ends the process either.
    const running = flip.run({ data: new Uint8Array(64), repeat: 0x7fff_ffff });
    await collection.close();
    await assert.rejects(running, { code: "CLOSED" });
  });

  it("a run that is under way when the program is closed runs that program, whoever takes its descriptor's number", async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const sys = changedSys(({ bpfAsync }) => ({
      bpfAsync: (command, attributes) =>
        command === Command.PROG_TEST_RUN
          ? gate.then(() => bpfAsync(command, attributes))
          : bpfAsync(command, attributes),
    }));
    const collection = await loadFixture("kernel-run", { sys });
    const running = collection.programs.get("flip")!.run({ data: new Uint8Array(64), repeat: 2 });
    await collection.close();
    const other = await loadFixture("kernel-ring");
    open();
    assert.equal((await running).data!.length, 62);
    await other.close();
  });

  it("a Node Buffer is copied, not written", async () => {
    const collection = await loadFixture("kernel-run");
    const context = Buffer.from(u64(20n, 22n, 0n));
    const result = await collection.programs.get("sum")!.run({ context });
    assert.deepEqual(result.context, u64(20n, 22n, 42n));
    assert.deepEqual(new Uint8Array(context), u64(20n, 22n, 0n));
    const first = await collection.programs.get("sum")!.run({ context: u64(1n, 1n, 0n) });
    await collection.programs.get("sum")!.run({ context: u64(2n, 2n, 0n) });
    assert.deepEqual(first.context, u64(1n, 1n, 2n));
    await collection.close();
  });

  it("runs that overlap do not mix their contexts", async () => {
    const collection = await loadFixture("kernel-run");
    const sum = collection.programs.get("sum")!;
    const results = await Promise.all(
      [1n, 2n, 3n].map((value) => sum.run({ context: u64(value, value, 0n), repeat: 200 })),
    );
    assert.deepEqual(
      results.map((result) => result.context),
      [1n, 2n, 3n].map((value) => u64(value, value, 2n * value)),
    );
    await collection.close();
  });

  it("what cannot be run is refused in a sentence", async () => {
    const collection = await loadFixture("kernel-run");
    await assert.rejects(collection.programs.get("only_attached")!.run({}), {
      code: "NOT_SUPPORTED",
      message: /Cannot run program only_attached by hand: .*type tracepoint; engine: "embedded" does it with all/,
    });
    await assert.rejects(collection.programs.get("sum")!.run({ context: new Uint8Array(8) }), {
      errnoName: "EINVAL",
      message: /wrong size/,
    });
    await assert.rejects(collection.programs.get("flip")!.run({}), { errnoName: "EINVAL" });
    await collection.close();
  });
});
