import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { haveEngine } from "ebpf-ts";

const run = promisify(execFile);

async function reasonToSkip(): Promise<string | false> {
  if (process.arch !== "x64") return `the probe reads registers of x64, this is ${process.arch}`;
  const { usable, reason } = await haveEngine("kernel");
  if (!usable) return reason ?? "the kernel engine cannot be used";
  return run("go", ["version"]).then(
    () => false as const,
    () => {
      if (process.env["EBPF_TS_NO_SKIP"] === "1")
        throw new Error("EBPF_TS_NO_SKIP is set, and there is no go on this host");
      return "there is no go on this host";
    },
  );
}

const states = new Set(["IDLE", "RUNNABLE", "RUNNING", "SYSCALL", "WAITING", "DEAD", "COPYSTACK", "PREEMPTED"]);

describe("examples/goroutine", { skip: await reasonToSkip() }, () => {
  it("shows the states of every goroutine, by the id that it has itself", async () => {
    const { stdout } = await run(process.execPath, [
      fileURLToPath(new URL("./main.js", import.meta.url)),
      "--seconds",
      "1",
    ]);
    const lines = stdout.trim().split("\n");
    const rows = lines.filter((line) => /^\d\d:/.test(line)).map((line) => line.split(/\s+/));
    const seen = new Map<string, Set<string>>();
    for (const [, state, goid, pid, tgid] of rows) {
      assert.ok(states.has(state!), state);
      assert.ok(Number(pid) >= Number(tgid));
      seen.set(goid!, (seen.get(goid!) ?? new Set()).add(state!));
    }
    const told = lines.flatMap((line) => [...line.matchAll(/^# goroutine (\d+) (.*)$/g)]);
    assert.equal(told.length, 5);
    for (const [, goid, what] of told) {
      assert.ok(seen.get(goid!)?.has("RUNNING"), `goroutine ${goid} ${what}`);
      assert.ok(seen.get(goid!)?.has("WAITING"), `goroutine ${goid} ${what}`);
    }
    const [, handled, failed, lost, most] = /^handled (\d+) · failed (\d+) · lost (\d+) · at most (\d) /.exec(
      lines.at(-1)!,
    )!;
    assert.equal(Number(handled), rows.length);
    assert.ok(rows.length > 100, `${rows.length} events`);
    assert.deepEqual([failed, lost], ["0", "0"]);
    assert.ok(Number(most) > 1 && Number(most) <= 4);
  });
});
