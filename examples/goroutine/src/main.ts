/**
 * What state is every goroutine in? A probe on runtime.casgstatus of a Go program that this example builds and starts.
 *
 *   npm start -w examples/goroutine                   as root, with golang-go installed
 *   npm start -w examples/goroutine -- --seconds 10
 *
 * The loop only receives. Handlers run beside it, four at once, and those of one goroutine one after the other: a slow one
 * holds up neither the loop nor other goroutines.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { dispatch, EbpfError, haveEngine } from "ebpf-ts";
import { buildTarget, goidOffset } from "./go.ts";
import { type Event, load } from "./goroutine.bpf.ts";

const concurrency = 4;
/** What a handler waits for, such as a database, in milliseconds. */
const slowness = 2;

async function main(seconds: number): Promise<void> {
  const { usable, reason } = await haveEngine("kernel");
  if (!usable) {
    const why = reason?.replace(/, or use engine: "embedded"$/, "");
    throw new EbpfError(
      "NOT_SUPPORTED",
      `This example needs uprobes, and so the kernel engine, run it as root: ${why}`,
    );
  }
  const path = await buildTarget();
  const child = spawn(path, [`${seconds}s`], { stdio: ["pipe", "pipe", "inherit"] });
  process.once("exit", () => child.kill());
  try {
    await watch(path, child);
  } finally {
    child.kill();
  }
}

async function watch(path: string, child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());
  await using bpf = await load({
    engine: "kernel",
    variables: { goid_offset: await goidOffset(path), only_tgid: child.pid! },
  });
  const events = bpf.rings.rb;
  await bpf.programs.casgstatus.attach({ kind: "uprobe", path, symbol: "runtime.casgstatus", pid: child.pid });

  createInterface({ input: child.stdout! }).on("line", (line) => console.log(`# ${line}`));
  console.log(row("TIME", "STATE", "GOID", "PID", "TGID"));
  let running = 0;
  let most = 0;
  const handle = async ({ state, goid, pid, tgid }: Event): Promise<void> => {
    most = Math.max(most, (running += 1));
    await sleep(slowness);
    console.log(row(new Date().toTimeString().slice(0, 8), String(state), String(goid), String(pid), String(tgid)));
    running -= 1;
  };

  child.stdin!.end("go\n");
  const result = await dispatch(events.events({ until: exited }), handle, {
    concurrency,
    order: "by-key",
    key: (event) => event.goid,
    signal: stop.signal,
  });
  const lost = Number(bpf.variables.dropped.get());
  console.log(`handled ${result.handled} · failed ${result.failed} · lost ${lost} · at most ${most} handlers at once`);
}

/** The Go program runs so long. */
function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3600) return seconds;
  throw new RangeError(`--seconds takes a number above 0, 3600 at most, not ${JSON.stringify(text)}`);
}

function row(time: string, state: string, goid: string, pid: string, tgid: string): string {
  return `${time.padEnd(8)} ${state.padEnd(15)} ${goid.padEnd(6)} ${pid.padEnd(7)} ${tgid.padEnd(7)}`.trimEnd();
}

/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the only option is --seconds, a number above 0`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const { values } = parseArgs({ options: { seconds: { type: "string", default: "2" } } });
  await main(secondsOf(values.seconds));
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
