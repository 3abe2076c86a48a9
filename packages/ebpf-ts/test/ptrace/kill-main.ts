/**
 * A process that is killed while it starts a traced command: `kill-main.js ARGUMENT [WHEN]`. With `seize` it kills itself after the shell has
 * been started and before it is seized, with `line` after that; else somebody else kills it.
 */
import { holdShell, launch } from "../../src/engine/embedded/sources/ptrace/launch.ts";
import { TraceControl } from "../../src/engine/embedded/sources/ptrace/trace-control.ts";
import { Ptrace, type WaitResult } from "../../src/sys/process/ptrace.ts";

const [argument = "", when = ""] = process.argv.slice(2);

class MortalPtrace extends Ptrace {
  override seize(pid: number, options: number): number {
    if (when === "seize") process.kill(process.pid, "SIGKILL");
    return super.seize(pid, options);
  }

  override wait(into: WaitResult, pid?: number): void {
    if (when === "line") process.kill(process.pid, "SIGKILL");
    super.wait(into, pid);
  }
}

const command = {
  file: "sleep",
  argv: ["sleep", "1000", argument],
  programs: 1,
  cwd: "/",
  env: [`PATH=${process.env["PATH"]}`],
  stdin: "ignore",
  stdout: "ignore",
} as const;
process.stdout.write("begins\n");
const ptrace = new MortalPtrace();
for (;;) {
  const pid = launch(ptrace, holdShell(command), command, new TraceControl());
  process.kill(pid, "SIGKILL");
  ptrace.wait({ pid: 0, status: 0 }, pid);
}
