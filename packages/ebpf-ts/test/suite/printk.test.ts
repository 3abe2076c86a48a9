import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, before, it } from "node:test";
import type { PrintedLine } from "../../src/engine/prints.ts";
import { pid } from "../../src/host/this-process.ts";
import { monotonicNs } from "../../src/sys/process/clock.ts";
import { mountTracefs, type Mounted } from "../support/bpf-file-systems.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";

let tracefs: Mounted | undefined;
before(() => {
  if (kernelOrSkip() === false) tracefs = mountTracefs();
});
after(() => tracefs?.unmount());

/** Trace buffers of this process that are left. */
function leftOver(): string[] {
  const folder = "/sys/kernel/tracing/instances";
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(`ebpf-ts-${pid}-`)) : [];
}

async function print(loaded: Fixture, a: number): Promise<void> {
  await loaded.call("trace", { a: BigInt(a), b: 255n });
}

async function all(lines: AsyncIterable<PrintedLine>): Promise<PrintedLine[]> {
  const found: PrintedLine[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

onEachEngine("printk", (engine) => {
  it("gives the lines of its own programs, whoever else prints, each with its thread and its time", async () => {
    await using loaded = await fixture(engine, "helpers");
    await using other = await fixture(engine, "helpers");
    let end = (): void => {};
    const until = new Promise<void>((resolve) => (end = resolve));
    const lines = loaded.bpf.printk({ until });
    const others = other.bpf.printk({ until });
    const start = monotonicNs();
    for (let number = 0; number < 50; number += 1) {
      await print(loaded, number);
      await print(other, 1000 + number);
    }
    const stop = monotonicNs();
    end();
    const found = await all(lines);
    const expected = (first: number): string[] =>
      Array.from({ length: 50 }, (_, index) => [`ebpf-ts a=${first + index} b=ff`, "ebpf-ts plain"]).flat();
    // Each CPU's lines come in their order; a run by hand is where it is.
    const inTime = found.toSorted((a, b) => Number(a.time - b.time));
    assert.deepEqual(
      inTime.map(({ text }) => text),
      expected(0),
    );
    assert.deepEqual((await all(others)).map(({ text }) => text).toSorted(), expected(1000).toSorted());
    for (const { pid: thread, cpu, time } of found) {
      assert.ok(thread > 0 && cpu >= 0 && cpu < 1024);
      assert.ok(time >= start && time <= stop, `${start} ${time} ${stop}`);
    }
    assert.equal(lines.lost, 0);
  });

  it("a loop waits for the next line, and ends with its collection", async () => {
    const loaded = await fixture(engine, "helpers");
    const lines = loaded.bpf.printk();
    const next = lines.next();
    await print(loaded, 1);
    assert.equal((await next).value?.text, "ebpf-ts a=1 b=ff");
    assert.equal((await lines.next()).value?.text, "ebpf-ts plain");
    const last = lines.next();
    await loaded.bpf.close();
    assert.deepEqual(await last, { value: undefined, done: true });
    assert.throws(() => loaded.bpf.printk(), { code: "CLOSED" });
    assert.deepEqual(leftOver(), []);
  });

  it("is left early, or aborted, and takes its buffer with it", async () => {
    await using loaded = await fixture(engine, "helpers");
    const lines = loaded.bpf.printk();
    await print(loaded, 1);
    for await (const { text } of lines) {
      assert.equal(text, "ebpf-ts a=1 b=ff");
      break;
    }
    assert.deepEqual(leftOver(), []);
    assert.deepEqual(await lines.next(), { value: undefined, done: true });
    const stop = new AbortController();
    const aborted = loaded.bpf.printk({ signal: stop.signal });
    const next = aborted.next();
    stop.abort(new Error("enough"));
    await assert.rejects(next, /enough/);
    await assert.rejects(loaded.bpf.printk({ signal: AbortSignal.abort(new Error("before")) }).next(), /before/);
    assert.deepEqual(leftOver(), []);
    for (const options of [null, 5, { end: 1 }, { until: 5 }, { signal: {} }])
      assert.throws(() => loaded.bpf.printk(options as never), TypeError);
    assert.deepEqual(leftOver(), []);
  });
});
