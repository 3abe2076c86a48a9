import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { fixturePath } from "../support/fixtures.ts";

const ebpf = fileURLToPath(new URL("../../../../cli/bin/ebpf.js", import.meta.url));

describe("ebpf run", () => {
  it("shows what a command does, by kprobe and fexit", () => {
    const script = "touch /tmp/run-removed; rm /tmp/run-removed";
    const args = [ebpf, "run", fixturePath("removals.bpf.o"), "--engine", "kernel", "--json", "--no-maps"];
    const output = execFileSync(process.execPath, [...args, "--", "sh", "-c", script], { encoding: "utf8" });
    const events = output
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: Record<string, unknown> }).event);
    assert.deepEqual(
      events.map(({ by, result, comm }) => [by, result, comm]),
      [
        ["kprobe", 0, "rm"],
        ["fexit", 0, "rm"],
      ],
    );
  });
});
