import assert from "node:assert/strict";
import { test } from "node:test";
import { Child } from "./start-child.ts";

const seed = Number(process.env["EBPF_TS_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

const options = { timeout: 120_000, skip: process.platform !== "linux" && "Linux only" };

test(
  `a ring that another process spoils gives errors of the library, and no crash (seed ${seed})`,
  options,
  async () => {
    await using child = new Child("hostile", [String(seed), "300"]);
    assert.equal(await child.exit(), 0);
    await child.said(1);
    const seen = JSON.parse(child.lines[0]!) as Record<string, number>;
    assert.ok(seen["fine"]! > 0 && seen["BAD_RING"]! > 0, JSON.stringify(seen));
  },
);
