import assert from "node:assert/strict";
import { it } from "node:test";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import { E2BIG, EINVAL, fixture, onEachEngine } from "./fixture.ts";

onEachEngine("programs: subprograms", (engine) => {
  const cases = [
    { program: "calls", value: 10n, result: 51n },
    { program: "calls_again", value: 10n, result: 70n },
    { program: "stack_pointer", value: 5n, result: 4326n },
    { program: "saved_registers", value: 10n, result: 20n + 33n + 24n + 33n },
    { program: "callback", value: 10n, result: 90n },
  ];
  for (const { program, value, result } of cases) {
    it(program, async () => {
      await using loaded = await fixture(engine, "subprograms");
      assert.equal((await loaded.call(program, { value })).result, result);
    });
  }

  it("eight frames", async () => {
    await using loaded = await fixture(engine, "subprograms");
    assert.equal((await loaded.call("eight_frames", { value: 1n })).result, eightFrames(1n));
  });
});

/** What the fixture's frames 2 to 8 compute. */
function eightFrames(start: bigint): bigint {
  let [sum, value] = [0n, start];
  for (let frame = 2n; frame <= 7n; frame += 1n) {
    sum += value * frame;
    value += frame;
  }
  return sum + value + 8n;
}

onEachEngine("programs: loops", (engine) => {
  it("bpf_loop: count, early stop, limit and flags", async () => {
    await using loaded = await fixture(engine, "loop");
    const whole = await loaded.call("loop", { count: 100 });
    assert.deepEqual([whole["result"], whole["sum"]], [100n, 4950n]);
    const stopped = await loaded.call("loop", { count: 100, stop: 10 });
    assert.deepEqual([stopped["result"], stopped["sum"]], [10n, 45n]);
    assert.equal((await loaded.call("loop", { count: 0 })).result, 0n);
    assert.equal((await loaded.call("loop", { count: (1 << 23) + 1 })).result, E2BIG);
    assert.equal((await loaded.call("loop", { count: 1, flags: 1n })).result, EINVAL);
  });

  it("a loop inside a loop, a loop without a context, and a plain one", async () => {
    await using loaded = await fixture(engine, "loop");
    assert.equal((await loaded.call("loop_nested", { count: 20 })).sum, 20n * 190n);
    await loaded.call("loop_without_context", { count: 50 });
    assert.equal(loaded.bpf.variable("calls").get(), 50n);
    assert.equal((await loaded.call("plain_loop", { count: 100 })).sum, 4950n);
  });
});

onEachEngine("programs: tail calls", (engine) => {
  async function jump(program: string, slot: bigint): Promise<{ returned: number; hops: bigint }> {
    await using loaded = await fixture(engine, "tail-calls");
    const context = new Uint8Array(16);
    new DataView(context.buffer).setBigUint64(0, slot, true);
    const { returnValue } = await loaded.bpf.program(program).run({ context });
    return { returned: returnValue, hops: loaded.bpf.variable<bigint>("hops").get() };
  }

  it("an empty slot and one beyond the end fall through", async () => {
    assert.deepEqual(await jump("jump", 0n), { returned: 100, hops: 0n });
    assert.deepEqual(await jump("jump", 50n), { returned: 100, hops: 0n });
  });

  it("a filled slot is landed on", async () => {
    assert.deepEqual(await jump("jump", 1n), { returned: 42, hops: 1n });
    assert.deepEqual(await jump("jump_to_landed", 0n), { returned: 42, hops: 1n });
  });

  it("from a subprogram, it returns to the subprogram's caller", async () => {
    assert.deepEqual(await jump("jump_in_subprogram", 1n), { returned: 43, hops: 1n });
    assert.deepEqual(await jump("jump_in_subprogram", 0n), { returned: 8, hops: 0n });
  });

  it("33 in a row, and no more", async () => {
    assert.deepEqual(await jump("jump", 3n), { returned: 33, hops: 33n });
  });
});

onEachEngine("programs: global variables", (engine) => {
  it("start as the object says, change under the program's hands, and live in every section", async () => {
    await using loaded = await fixture(engine, "globals");
    const { bpf } = loaded;
    const { out } = await loaded.call("touch", { value: 2n });
    assert.deepEqual(out, [6n, 15n, 1n, 40n, BigInt.asUintN(64, -128n), 132n, 101n, 1n]);
    assert.equal(bpf.variable("counter").get(), 42n);
    assert.equal(bpf.variable("total").get(), 2n);
    assert.equal(bpf.variable("flag").get(), true);
    assert.equal(bpf.variable("level").get(), "LEVEL_HIGH");
    assert.equal(bpf.variable("named").get(), 22);
    assert.equal(bpf.variable("greeting").get(), "hello");
    assert.deepEqual(bpf.variable("last").get(), { limit: 10, level: "LEVEL_LOW", name: "d" });
  });

  it("constants are set before load, and only then", async () => {
    const edit = (spec: CollectionSpec) => {
      setVariable(spec, "factor", 50);
      setVariable(spec, "settings", { limit: 1, level: "LEVEL_LOW", name: "mine" });
    };
    await using loaded = await fixture(engine, "globals", edit);
    const { out } = await loaded.call("touch", { value: 3n });
    assert.deepEqual(out.slice(0, 2), [150n, 2n]);
    assert.equal(loaded.bpf.variable("factor").get(), 50);
    assert.throws(() => loaded.bpf.variable("factor").set(3), TypeError);
  });

  it("are written by user space while the program is loaded", async () => {
    await using loaded = await fixture(engine, "globals");
    loaded.bpf.variable("counter").set(1000n);
    loaded.bpf.variable("greeting").set("abc");
    const { out } = await loaded.call("touch");
    assert.deepEqual([out[3], out[6]], [1000n, 98n]);
    assert.throws(() => loaded.bpf.variable("greeting").set("much longer than sixteen"), { code: "BAD_VALUE" });
  });

  it("atomics, 8 and 4 bytes wide", async () => {
    await using loaded = await fixture(engine, "globals");
    for (const program of ["atomics", "narrow_atomics"]) {
      const { out } = await loaded.call(program, { value: 5n });
      assert.deepEqual(out, [0n, 5n, 0xf5n, 0xf5n, 0xfan, 7n, 8n, 8n], program);
    }
  });
});

onEachEngine("programs: repeats", (engine) => {
  it("each run gets the context that the one before has left", async () => {
    await using loaded = await fixture(engine, "maps");
    let [sum, value] = [0n, 1n];
    for (let run = 0; run < 90; run += 1) [sum, value] = [sum + value, sum];
    await loaded.bpf.program("array_add").run({ context: { key: 1, value: 1n } as never, repeat: 90 });
    assert.equal(loaded.bpf.map("array").get(1), sum);
  });
});
