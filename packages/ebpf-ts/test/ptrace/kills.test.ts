import { equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "./command.ts";
import { ptraceOrSkip } from "./machine.ts";

/** `npm run test:kills` takes a thousand. */
const kills = Number(process.env["EBPF_TS_KILLS"] ?? 6);
const main = fileURLToPath(new URL("./kill-main.js", import.meta.url));

/** Processes with that argument: the shell has it as well as the command. */
function processesWith(argument: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      return false;
    }
  });
}

let marks = 0;
async function endOf(when: string, kill: boolean): Promise<void> {
  const mark = `0.0000${process.pid}${(marks += 1)}`;
  const child = spawn(process.execPath, [main, mark, when], { stdio: ["ignore", "pipe", "inherit"] });
  const end = once(child, "exit");
  if (kill) {
    await once(child.stdout, "data");
    for (let spins = Math.random() * 2e7; spins > 0; spins -= 1);
    child.kill("SIGKILL");
  }
  const [, signal] = (await end) as [number | null, string | null];
  equal(signal, "SIGKILL");
  await until(() => processesWith(mark).length === 0, "the end of the command of a process that was killed");
}

describe("a process that is killed while it starts a traced command", { skip: ptraceOrSkip() }, () => {
  const options = { timeout: 60_000 + 10_000 * kills };

  for (const when of ["seize", "line"]) {
    it(`leaves nobody behind, before the ${when}`, options, async () => endOf(when, false));
  }

  it("leaves nobody behind, whenever that is", options, async () => {
    for (let done = 0; done < kills; done += 1) await endOf("", true);
  });
});
