/**
 * Finds primes among the numbers that a program sends, on one worker thread and on as many as there are cores. Every worker
 * reads the ring's memory itself.
 *
 *   npm start -w examples/workers                       the embedded engine
 *   npm start -w examples/workers -- --engine kernel    the Linux kernel (root)
 */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { EngineName, TypedCollection } from "ebpf-ts";
import { dispatchToWorkers } from "ebpf-ts/workers";
import { load, type WorkersObject } from "./workers.bpf.ts";

const count = 1200;
/** Odd, and large enough for a prime to take a while. */
const first = 4_000_000_000_001n;

/** Runs the program until all numbers are sent; the ring holds fewer. */
async function send(bpf: TypedCollection<WorkersObject>): Promise<void> {
  const context = new Uint32Array(1);
  for (let left = count; left > 0;) {
    context[0] = left;
    const { returnValue } = await bpf.programs.send_numbers.run({ context: new Uint8Array(context.buffer) });
    left -= returnValue;
    await sleep(1);
  }
}

async function run(engine: EngineName, workers: number): Promise<number> {
  await using bpf = await load({
    engine,
    variables: { next_number: first },
  });
  let primes = 0;
  const started = performance.now();
  const { handled } = await dispatchToWorkers(bpf.rings.numbers, new URL("./handler.js", import.meta.url), {
    workers,
    until: send(bpf),
    onValue: () => (primes += 1),
  });
  const time = performance.now() - started;
  console.log(
    `${workers} ${workers === 1 ? "worker: " : "workers:"} ${primes} primes among ${handled} numbers in ${Math.round(time)} ms`,
  );
  return time;
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
  const engine = values.engine as EngineName;
  const one = await run(engine, 1);
  const all = await run(engine, availableParallelism());
  console.log(
    `${(one / all).toFixed(1)} times as fast on ${availableParallelism()} cores, the start of the threads included`,
  );
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
