/**
 * Events in columns: who reads how much, summed without an object for an event, and written to a file that pandas, DuckDB or Polars open.
 *
 *   npm start                                    the embedded engine: no root
 *   npm start -- --engine kernel                 the Linux kernel (root)
 *   npm start -- --arrow reads.arrow             writes every event to that file too, in the format of Apache Arrow
 *   npm start -- [OPTION]… -- COMMAND [ARG]…     another command; what it prints is thrown away
 */
import { parseArgs } from "node:util";
import type { EngineName } from "ebpf-ts";
import type { ArrowFile, Reads } from "./arrow-file.ts";
import { load } from "./reads.bpf.ts";

const usualCommand = ["sh", "-c", "cat /usr/share/common-licenses/* | sort | wc"];

interface Sum {
  readonly comm: string;
  reads: number;
  bytes: number;
}

async function main(engine: EngineName, command: readonly string[], path: string | undefined): Promise<void> {
  await using bpf = await load({ engine, scope: "command" });
  const file = path === undefined ? undefined : await openArrow(path);
  const sums = new Map<number, Sum>();
  const [name = "", ...args] = command;
  await bpf.attach();
  const child = await bpf.spawn(name, args, { stdout: "ignore" });
  for await (const batch of bpf.rings.reads.batches({ until: child.exited })) {
    const reads = batch.columns(["time", "pid", "bytes", "comm"]);
    add(sums, reads);
    file?.write(reads);
  }
  file?.close();
  print(sums);
  if (file !== undefined) console.log(`${file.rows} events in ${path}`);
}

/** Only whoever wants a file waits for Arrow's library. */
async function openArrow(path: string): Promise<ArrowFile> {
  const { ArrowFile } = await import("./arrow-file.ts");
  return new ArrowFile(path);
}

function add(sums: Map<number, Sum>, { pid, bytes, comm }: Reads): void {
  for (let row = 0; row < pid.length; row += 1) {
    let sum = sums.get(pid[row]!);
    // The one text that is made of a process.
    if (sum === undefined) sums.set(pid[row]!, (sum = { comm: comm.at(row)!, reads: 0, bytes: 0 }));
    sum.reads += 1;
    sum.bytes += Math.max(bytes[row]!, 0);
  }
}

function print(sums: ReadonlyMap<number, Sum>): void {
  const rows = [...sums].sort(([, a], [, b]) => b.bytes - a.bytes);
  console.log("    PID COMM                READS      BYTES");
  for (const [pid, { comm, reads, bytes }] of rows)
    console.log(
      `${String(pid).padStart(7)} ${comm.padEnd(16)} ${String(reads).padStart(8)} ${String(bytes).padStart(10)}`,
    );
}
/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the options are --engine kernel or embedded, and --arrow with a file; a command goes behind --`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const { values, positionals } = parseArgs({
    options: { engine: { type: "string", default: "embedded" }, arrow: { type: "string" } },
    allowPositionals: true,
  });
  await main(values.engine as EngineName, positionals.length > 0 ? positionals : usualCommand, values.arrow);
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
