import { deepEqual, equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { isAlive, until } from "./command.ts";
import { ptraceOrSkip } from "./machine.ts";

const main = fileURLToPath(new URL("./trace-main.js", import.meta.url));
const skip = ptraceOrSkip();

interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: Record<string, unknown>[];
  readonly errors: string;
}

async function outcomeOf(args: readonly string[], user?: number): Promise<Outcome> {
  const ids = user === undefined ? {} : { uid: user, gid: user };
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    cwd: "/",
    ...ids,
  });
  let text = "";
  let errors = "";
  child.stdout.on("data", (data) => (text += data));
  child.stderr.on("data", (data) => (errors += data));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("exit", (...how) => resolve(how)),
  );
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return { code, signal, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), errors };
}

const children = "sleep 50 & kill -0 $!; wait";

async function expectGone({ lines, errors }: Outcome): Promise<void> {
  const pids = lines[0]?.["pids"] as number[] | undefined;
  equal(pids?.length, 2, errors);
  await until(() => !pids?.some(isAlive), "the end of what was traced");
}

describe("the end of the process that traces", { skip, timeout: 60_000 }, () => {
  it("is not held up by process.exit, and leaves nobody behind", async () => {
    const outcome = await outcomeOf([main, children, "exit"]);
    deepEqual([outcome.code, outcome.signal], [7, null]);
    await expectGone(outcome);
  });

  it("is not held up by an uncaught error", async () => {
    const outcome = await outcomeOf([main, children, "throw"]);
    equal(outcome.code, 1);
    await expectGone(outcome);
  });

  it("takes the command along when it is killed", async () => {
    const outcome = await outcomeOf([main, children, "kill"]);
    equal(outcome.signal, "SIGKILL");
    await expectGone(outcome);
  });

  it("comes when the command has ended, though a descendant has not", async () => {
    const outcome = await outcomeOf([main, "sleep 50 & kill -0 $!; sleep 0.2", "end"]);
    equal(outcome.code, 0, outcome.errors);
    await expectGone(outcome);
  });

  it("waits for the command otherwise", async () => {
    const outcome = await outcomeOf([main, "kill -0 $$; sleep 0.1; exit 5", "wait"]);
    equal(outcome.code, 0, outcome.errors);
    deepEqual(outcome.lines[1], { code: 5 });
    equal(outcome.errors, "");
  });
});

const nobody = 65534;

describe(
  "an ordinary user",
  {
    skip:
      skip ||
      (process.getuid?.() === 0 ? false : "it takes root to become another; all other tests ran as an ordinary user"),
    timeout: 60_000,
  },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "ebpf-nobody-"));
    after(() => rmSync(folder, { recursive: true }));

    it("needs no privilege", async () => {
      const outcome = await outcomeOf([readableCopy(folder), "kill -0 $$; exit 5", "wait"], nobody);
      equal(outcome.code, 0, outcome.errors);
      equal(outcome.lines[0]?.["uid"], nobody);
      equal(outcome.lines[0]?.["filtered"], process.arch === "x64");
      deepEqual(outcome.lines[1], { code: 5 });
    });
  },
);

/** The checkout may be where only root can read. */
function readableCopy(folder: string): string {
  chmodSync(folder, 0o755);
  const build = fileURLToPath(new URL("../..", import.meta.url));
  const koffi = dirname(createRequire(import.meta.url).resolve("koffi"));
  const copy = (from: string, ...to: string[]): void => cpSync(from, join(folder, ...to), { recursive: true });
  copy(koffi, "node_modules", "koffi");
  copy(join(koffi, "..", "@koromix"), "node_modules", "@koromix");
  copy(join(build, "..", "package.json"), "package.json");
  for (const part of ["src", "test/ptrace", "test/embedded-maps"]) copy(join(build, part), "build", part);
  return join(folder, "build", "test", "ptrace", "trace-main.js");
}
