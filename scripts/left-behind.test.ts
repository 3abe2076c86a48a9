import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { describe, it } from "node:test";
import { haveEngine, load } from "ebpf-ts";
import { idsNow, LeftBehind, loadedSince } from "./left-behind.ts";

const { usable, reason } = await haveEngine("kernel");
const object = new URL("../docs/fixtures/tracer.bpf.o", import.meta.url);

/** As the runner names it, for this file by itself as well. */
const run = (process.env["EBPF_TS_TEST_RUN"] ??= `left-behind-${process.pid}`);

describe("what tests leave behind", { skip: !usable && process.env["EBPF_TS_NO_SKIP"] !== "1" && reason }, () => {
  it("is a process that still runs", async () => {
    const behind = new LeftBehind(run);
    const child = spawn("sleep", ["1000"], { stdio: "ignore" });
    await once(child, "spawn");
    const line = `the process ${child.pid}: sleep 1000`;
    assert.ok((await behind.find(0)).includes(line));
    child.kill();
    await once(child, "exit");
    assert.ok(!(await behind.find(0)).includes(line));
  });

  it("is a map that is pinned", async () => {
    const before = idsNow()!;
    const path = `/sys/fs/bpf/${run}-map`;
    const bpf = await load(object, { engine: "kernel" });
    const [map] = bpf.maps.values();
    map!.pin(path);
    await bpf.close();
    const isFound = (): boolean => loadedSince(before).some((each) => each.endsWith(`pinned at ${path}`));
    try {
      assert.ok(isFound());
    } finally {
      unlinkSync(path);
    }
    assert.ok(!isFound());
  });
});
