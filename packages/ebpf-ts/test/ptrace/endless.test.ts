import { deepEqual, equal } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ptraceOrSkip } from "./machine.ts";

const main = fileURLToPath(new URL("./endless-main.js", import.meta.url));

interface Ending {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function endingOf(how: string, onRunning: (child: ChildProcess) => void = () => {}): Promise<Ending> {
  const child = spawn(process.execPath, [main, how], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (data) => {
    if (text === "") onRunning(child);
    text += data;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, lines: text.trim().split("\n") };
}

const ended = JSON.stringify({ exit: { signal: "SIGKILL" }, faults: [] });

describe("a run that does not end, at a system call of a command", { skip: ptraceOrSkip(), timeout: 120_000 }, () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends at the first ${signal} of a process that closes its collection then`, async () => {
      // Deno has an exit code of a child only as long as it knows of no signal that was sent to it.
      const kill = ({ pid }: ChildProcess): void => void process.kill(pid!, signal);
      deepEqual(await endingOf("signal", kill), { code: 0, lines: ["running", ended] });
    });
  }

  it("ends with close()", async () => {
    deepEqual(await endingOf("close"), { code: 0, lines: [ended] });
  });

  it("does not hold up the end of the process", async () => {
    equal((await endingOf("exit")).code, 7);
  });
});
