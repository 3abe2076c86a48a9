import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { haveEngine } from "ebpf-ts";
import { cases } from "./cases.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("./main.js", import.meta.url));

async function reasonToSkip(): Promise<string | false> {
  const { usable, reason } = await haveEngine("kernel");
  if (!usable) return reason ?? "the kernel engine cannot be used";
  if (await run("cc", ["--version"]).catch(() => undefined)) return false;
  if (process.env["EBPF_TS_NO_SKIP"] === "1")
    throw new Error("EBPF_TS_NO_SKIP is set, and there is no cc on this host");
  return "there is no C compiler on this host";
}

/** A folder in which the benchmark mounts its file system, and which has to be empty afterwards. */
async function inFolder(use: (environment: NodeJS.ProcessEnv, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-bench-test-"));
  await use({ ...process.env, TMPDIR: folder }, folder);
  rmdirSync(folder);
}

function childrenOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ");
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let wait = 0; !condition(); wait += 1) {
    assert.ok(wait < 1000, what);
    await sleep(10);
  }
}

describe("bench: without measuring", () => {
  it("lists every case in a line of its own, with what it is", async () => {
    const { stdout } = await run(process.execPath, [main, "--list"]);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)),
      cases.map(({ name, about }) => [name, about]),
    );
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  });

  for (const [args, message] of [
    [["ring/nothing"], /^There is no case ring\/nothing: the cases are ring\/event\/40, .*$/],
    [["--pairs", "1.5"], /^--pairs takes a whole number, not "1.5"$/],
    [["--seconds", "soon"], /^--seconds takes a positive number, not "soon"$/],
    [["--secons"], /^Unknown option '--secons'.*; usage: npm run bench/],
  ] as const) {
    it(`says in one sentence what is wrong with ${args.join(" ")}`, async () => {
      const failed = await run(process.execPath, [main, ...args]).then(
        () => assert.fail("it ran"),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
      assert.deepEqual([failed.code, failed.stdout], [1, ""]);
      assert.match(failed.stderr.trimEnd(), message);
    });
  }
});

describe("bench", { skip: await reasonToSkip() }, () => {
  it("says one object a line with --json, and leaves nothing behind", () =>
    inFolder(async (env) => {
      const args = ["--json", "--seconds", "0.02", "--pairs", "3", "array/batch"];
      const { stdout } = await run(process.execPath, [main, ...args], { env });
      assert.match(stdout, /^\{.*\}\n$/);
      const result = JSON.parse(stdout);
      assert.deepEqual(Object.keys(result), ["case", "unit", "ours", "peer", "ratio", "best", "spread"]);
      const { ours, peer, ratio, best, spread } = result;
      assert.deepEqual([result.case, result.unit, spread.length], ["array/batch", "ns", 2]);
      for (const number of [ours, peer, ratio, best, ...spread])
        assert.ok(number > 0 && Number.isFinite(number), stdout);
      assert.ok(spread[0] <= ratio && ratio <= spread[1], stdout);
    }));

  it("ends its processes and takes its file system away on SIGINT", () =>
    inFolder(async (env, folder) => {
      const args = [main, "--seconds", "60", "ring/event/40"];
      const bench = spawn(process.execPath, args, { env, stdio: "ignore" });
      const ended = new Promise<number | null>((resolve) => bench.once("exit", resolve));
      try {
        let children: string[] = [];
        const bothRun = (): boolean => {
          assert.equal(bench.exitCode, null, "it ended by itself");
          children = childrenOf(bench.pid!);
          return children.length >= 2 && readdirSync(folder).length === 1;
        };
        await until(bothRun, "it has no consumer and producer after ten seconds");
        // Deno has an exit code of a child only as long as it knows of no signal that was sent to it.
        process.kill(bench.pid!, "SIGINT");
        assert.equal(await ended, 130);
        await until(() => children.every((pid) => !existsSync(`/proc/${pid}`)), `of ${children}, some live on`);
      } finally {
        bench.kill("SIGTERM");
      }
    }));
});
