import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { fixturePath } from "../support/fixtures.ts";

const ebpf = fileURLToPath(new URL("../../../../cli/bin/ebpf.js", import.meta.url));

describe("ebpf run", () => {
  it("shows what a command does, by kprobe and fexit", () => {
    const script = ": > /tmp/run-touched; touch /tmp/run-touched; rm /tmp/run-touched";
    const args = [ebpf, "run", fixturePath("touches.bpf.o"), "--engine", "kernel", "--json", "--no-maps"];
    const output = execFileSync(process.execPath, [...args, "--", "sh", "-c", script], { encoding: "utf8" });
    const events = output
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: Record<string, unknown> }).event);
    assert.deepEqual(
      events.map(({ by, result, comm }) => [by, result, comm]),
      [
        ["kprobe", 0, "touch"],
        ["fexit", 0, "touch"],
      ],
    );
  });
});
