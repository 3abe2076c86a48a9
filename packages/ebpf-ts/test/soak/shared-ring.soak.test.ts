import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "../shared-ring/soak.ts";

const usual = process.env["EBPF_TS_NO_SKIP"] === "1" ? "20" : "5";
const seconds = Number(process.env["EBPF_TS_SOAK_SECONDS"] ?? usual);
const seed = Number(process.env["EBPF_TS_SOAK_SEED"] ?? Date.now() % 2 ** 32);

const title = `shared ring: 4 producers and a consumer are killed at random for ${seconds} s, and every record is accounted for`;

test(title, { timeout: (seconds + 240) * 1000, skip: process.platform !== "linux" && "Linux only" }, async (t) => {
  const result = await soak(seconds, seed);
  t.diagnostic(`seed ${seed}: ${JSON.stringify(result)}`);
  assert.ok(result.kills > 0 && result.consumed > 0);
});
