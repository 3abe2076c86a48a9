import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { monotonicNs } from "../../src/sys/process/clock.ts";
import { ktimeToDate } from "../../src/index.ts";
import { fixture, onEachEngine } from "../suite/fixture.ts";
import { orFail } from "../support/requirements.ts";

const run = promisify(execFile);
const other = fileURLToPath(new URL("./print-clock.js", import.meta.url));
const dated = fileURLToPath(new URL("./print-date.js", import.meta.url));

/** Runs a command on a machine that has slept: there CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC by so much. */
const sleptSeconds = 100_000;
const onOneThatSlept = ["--time", "--boottime", String(sleptSeconds), "--fork", "--"];
const noNamespace = orFail(
  spawnSync("unshare", [...onOneThatSlept, "true"]).status === 0 ? false : "it takes root, and namespaces of time",
);

describe("the system's monotonic clock, whatever the runtime counts from", () => {
  it("is the same in another process", async () => {
    const before = monotonicNs();
    const { stdout } = await run(process.execPath, [other]);
    const after = monotonicNs();
    assert.ok(before < BigInt(stdout) && BigInt(stdout) < after, `${before} < ${stdout} < ${after}`);
  });

  it("is at most the time since the start of the machine, which counts its sleep as well", async () => {
    const now = monotonicNs();
    const uptime = Number.parseFloat(await readFile("/proc/uptime", "utf8"));
    assert.ok(Number(now) / 1e9 <= uptime + 0.02, `${now} ns, ${uptime} s`);
  });
});

describe("ktimeToDate()", { skip: noNamespace }, () => {
  it("is not off by how long the machine has slept", async () => {
    const uptime = await run("unshare", [...onOneThatSlept, "cat", "/proc/uptime"]);
    assert.ok(Number.parseFloat(uptime.stdout) > sleptSeconds, uptime.stdout);
    const { stdout } = await run("unshare", [...onOneThatSlept, process.execPath, dated]);
    const off = Number(stdout) - ktimeToDate(0n).getTime();
    // The wall clock may be set meanwhile, by less.
    assert.ok(Math.abs(off) < (sleptSeconds / 2) * 1000, `${off} ms`);
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
