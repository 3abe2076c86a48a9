/**
 * A live view of a mapped array: which system calls a command makes, by number. The program counts in the array, and this process
 * has the same array in its own memory: looking at 512 counters takes no system call at all.
 *
 *   npm start                                         the embedded engine: no root
 *   npm start -- --engine kernel                      the Linux kernel (root)
 *   npm start -- [--engine kernel] -- COMMAND [ARG]…  another command; what it prints is thrown away
 *
 * Only the command itself is counted, not its children. The table is refreshed in place, and ends with the command.
 */
import { parseArgs } from "node:util";
import type { EngineName } from "ebpf-ts";
import { load } from "./counters.bpf.ts";

const rows = 10;
const refreshMs = 200;
const usualCommand = ["find", "/usr/share/doc", "-newer", "/etc/hostname"];
/** Waits for a line, so that everything is attached before the command, which takes its place, begins. */
const script = 'read -r line; exec "$@"';

/** Of x86-64, for those that commands make most. */
const names: Readonly<Record<number, string>> = {
  0: "read",
  1: "write",
  2: "open",
  3: "close",
  4: "stat",
  5: "fstat",
  6: "lstat",
  7: "poll",
  8: "lseek",
  9: "mmap",
  10: "mprotect",
  11: "munmap",
  12: "brk",
  13: "rt_sigaction",
  14: "rt_sigprocmask",
  16: "ioctl",
  17: "pread64",
  21: "access",
  59: "execve",
  72: "fcntl",
  81: "fchdir",
  137: "statfs",
  158: "arch_prctl",
  186: "gettid",
  202: "futex",
  217: "getdents64",
  218: "set_tid_address",
  228: "clock_gettime",
  230: "clock_nanosleep",
  231: "exit_group",
  257: "openat",
  262: "newfstatat",
  273: "set_robust_list",
  302: "prlimit64",
  318: "getrandom",
  332: "statx",
  334: "rseq",
};

interface Row {
  readonly number: number;
  readonly count: bigint;
}

async function main(engine: "auto" | EngineName, command: readonly string[]): Promise<void> {
  await using bpf = await load({ engine, scope: "command" });
  const calls = bpf.maps.calls.memory().values!;

  const child = await bpf.spawn("sh", ["-c", script, "sh", ...command], { stdin: "pipe", stdout: "ignore" });
  bpf.variables.only_tgid.set(child.pid);
  await bpf.attach();
  child.write("go\n");

  const isTerminal = process.stdout.isTTY === true;
  const timer = setInterval(() => isTerminal && show(calls, true), refreshMs);
  const exit = await child.exited;
  clearInterval(timer);
  show(calls, isTerminal);
  if (exit.code !== 0) console.log(`${command.join(" ")} ended with ${exit.signal ?? exit.code}`);
}

let shown = 0;

/** Prints over what was printed before. */
function show(calls: BigUint64Array | BigInt64Array, inPlace: boolean): void {
  const lines = table(calls);
  if (inPlace && shown > 0) process.stdout.write(`\x1b[${shown}A\x1b[J`);
  process.stdout.write(`${lines.join("\n")}\n`);
  shown = lines.length;
}

function table(calls: BigUint64Array | BigInt64Array): string[] {
  const made: Row[] = [];
  let total = 0n;
  for (let number = 0; number < calls.length; number += 1) {
    const count = calls[number]!;
    if (count > 0n) made.push({ number, count });
    total += count;
  }
  made.sort((a, b) => Number(b.count - a.count) || a.number - b.number);
  const top = made.slice(0, rows).map(({ number, count }) => line(number, nameOf(number), count));
  return ["NUMBER NAME                  CALLS", ...top, `${total} calls of ${made.length} kinds`];
}

function line(number: number, name: string, count: bigint): string {
  return `${String(number).padStart(6)} ${name.padEnd(16)} ${String(count).padStart(10)}`;
}

function nameOf(number: number): string {
  return (process.arch === "x64" ? names[number] : undefined) ?? "";
}

/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the only option is --engine auto, kernel or embedded, and a command goes behind --`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const { values, positionals } = parseArgs({
    options: { engine: { type: "string", default: "embedded" } },
    allowPositionals: true,
  });
  await main(values.engine as EngineName, positionals.length > 0 ? positionals : usualCommand);
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
