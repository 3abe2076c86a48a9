import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../files.ts";
import { readReport, type TestResult } from "./read-report.ts";
import type { Runtime } from "./runtimes.ts";

/** Milliseconds for one file. */
const fileTimeout = 900_000;

export interface FileResult {
  readonly tests: readonly TestResult[];
  /** How the run ended otherwise than by itself with a report: `SIGSEGV`, `no end`, `exit 1 and no report`. */
  readonly broken: string | undefined;
  /** The end of what it wrote, for one who has to look. */
  readonly output: string;
}

export async function runFile(runtime: Runtime, binary: string, file: string): Promise<FileResult> {
  const folder = await mkdtemp(join(tmpdir(), "ebpf-ts-runtimes-"));
  const report = join(folder, "report.xml");
  const { how, output } = await run(binary, runtime.test(join(root, file), report));
  const xml = await readFile(report, "utf8").catch(() => "");
  await rm(folder, { recursive: true });
  const tests = readReport(xml);
  const silent = tests.length === 0 || (how !== "exit 0" && tests.every(({ state }) => state !== "failed"));
  const broken = how.startsWith("exit") ? (silent ? `${how}, and no test that failed` : undefined) : how;
  return { tests, broken, output };
}

/** In a process group of its own, so that what a test has left behind ends with it. */
function run(binary: string, args: readonly string[]): Promise<{ how: string; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(binary, args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => void (output = (output + String(chunk)).slice(-4000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child.pid);
    }, fileTimeout);
    child.on("error", (error) => resolve({ how: error.message, output }));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      endGroup(child.pid);
      resolve({ how: timedOut ? "no end" : (signal ?? `exit ${code}`), output });
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
