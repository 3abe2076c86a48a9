import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { monotonicNs } from "../../src/sys/process/clock.ts";
import { fixture, onEachEngine } from "../suite/fixture.ts";

const other = fileURLToPath(new URL("./print-clock.js", import.meta.url));

describe("the system's monotonic clock, whatever the runtime counts from", () => {
  it("is the same in another process", async () => {
    const before = monotonicNs();
    const { stdout } = await promisify(execFile)(process.execPath, [other]);
    const after = monotonicNs();
    assert.ok(before < BigInt(stdout) && BigInt(stdout) < after, `${before} < ${stdout} < ${after}`);
  });

  it("is at most the time since the start of the machine, which counts its sleep as well", async () => {
    const now = monotonicNs();
    const uptime = Number.parseFloat(await readFile("/proc/uptime", "utf8"));
    assert.ok(Number(now) / 1e9 <= uptime + 0.02, `${now} ns, ${uptime} s`);
  });
});

onEachEngine("bpf_ktime_get_ns", (engine) => {
  it("is the system's monotonic clock", async () => {
    await using loaded = await fixture(engine, "helpers");
    const before = monotonicNs();
    const { results } = await loaded.call("clocks");
    const after = monotonicNs();
    const [seen = 0n] = results as bigint[];
    assert.ok(before <= seen && seen <= after, `${before} <= ${seen} <= ${after}`);
  });
});
