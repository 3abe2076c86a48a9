/**
 * User space writes into the ring that a program writes, in one order with it.
 *
 *   npm run start -w example-inject                        the embedded engine
 *   npm run start -w example-inject -- --engine kernel     the Linux kernel (root, Linux 6.1)
 *
 * First three simulated events go through the very loop that real ones go through: no kill(2) is called for them. Then a
 * child shell calls kill(2), and marks are set around each call. What stands between two marks came between them.
 */
import { parseArgs } from "node:util";
import type { EngineName, Given } from "ebpf-ts";
import { type Event, load } from "./kills.bpf.ts";

/** Members that are left out are zero. */
const simulated: readonly Given<Event>[] = [
  { origin: "SIMULATED", pid: 1001, comm: "first" },
  { origin: "SIMULATED", pid: 1002, comm: "second" },
  { origin: "SIMULATED", pid: 1003, comm: "third" },
];
const kills = 3;
/** Calls kill(2) once for every line that it reads. */
const script = "while read -r line; do kill -0 $$; done";

async function main(engine: "auto" | EngineName): Promise<void> {
  await using bpf = await load({ engine, scope: "command" });
  const events = bpf.rings.events;

  const child = await bpf.spawn("sh", ["-c", script], { stdin: "pipe" });
  bpf.variables.only_tgid.set(child.pid);
  await bpf.attach();

  let asked = 0;
  /** When inject() has resolved, the mark is in the ring, and so before all that is caused from here on. */
  async function askForKill(): Promise<void> {
    asked += 1;
    await events.inject({ origin: "MARK", note: `kill ${asked} comes next` });
    child.write("go\n");
  }

  await events.injectMany(simulated);
  await askForKill();
  let real = 0;
  console.log(row("ORIGIN", "PID", "COMM", "NOTE"));
  for await (const { origin, pid, comm, note } of events.events({ until: child.exited })) {
    console.log(origin === "MARK" ? row(origin, "", "", note) : row(String(origin), String(pid), comm, ""));
    if (origin !== "PROGRAM") continue;
    real += 1;
    await events.inject({ origin: "MARK", note: `kill ${real} is over` });
    if (real < kills) await askForKill();
    else child.endInput();
  }
  console.log(`injected ${events.injected} · from the program ${real} · lost ${bpf.variables.dropped.get()}`);
}

function row(origin: string, pid: string, comm: string, note: string): string {
  return `${origin.padEnd(10)} ${pid.padEnd(8)} ${comm.padEnd(16)} ${note}`.trimEnd();
}

/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the only option is --engine auto, kernel or embedded`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const { values } = parseArgs({ options: { engine: { type: "string", default: "embedded" } } });
  await main(values.engine as EngineName);
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
