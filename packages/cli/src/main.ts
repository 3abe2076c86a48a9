import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { inspect } from "./commands/inspect.ts";
import { ExitCode, reportError } from "./output/report-error.ts";
import { endWithTerminal } from "./output/terminal.ts";
import { printable } from "./output/text.ts";
import { watchOutput } from "./output/watch-output.ts";
import { run, type RunArguments } from "./run/run-object.ts";

/** Seconds; timers take no more (Node fires at once instead). */
const longestDuration = Math.floor((2 ** 31 - 1) / 1000);

watchOutput();

const program = new Command("ebpf")
  .description("Runs and inspects compiled eBPF objects, on the Linux kernel or, without root, on an embedded engine.")
  .configureOutput({ outputError: (message, write) => write(usageSentence(message)) })
  .enablePositionalOptions()
  .exitOverride();

program
  .command("run")
  .description("Load an object, attach its programs and print the events of its ring buffers.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .argument("[command...]", "after --, a command to watch; the run ends with it")
  .addOption(
    new Option("-e, --engine <engine>", "where the programs run")
      .choices(["auto", "kernel", "embedded"])
      .default("auto"),
  )
  .option("-j, --json", "print events as JSON, one a line; 64-bit numbers beyond 2^53 become strings")
  .option("-n, --count <events>", "end after that many events", count)
  .option("-d, --duration <seconds>", "end after that time", duration)
  .option("-s, --send <ring=json>", "send a message into a user ring buffer at the start (repeatable)", collect, [])
  .option("--set <variable=json>", "give a global variable of the object its first value (repeatable)", collect, [])
  .addHelpText("after", runHelp())
  .action(async (object: string, command: string[], options: Omit<RunArguments, "object" | "command">) => {
    await run({ ...options, object, command });
  });

program
  .command("inspect")
  .description("Show what an object holds: programs, maps, globals, event types, licence.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .option("-j, --json", "print the whole specification as JSON")
  .option("--disasm", "print every function's instructions with their C lines")
  .action(inspect);

function runHelp(): string {
  return `
Examples:
  $ ebpf run trace.bpf.o -- sh -c 'kill -0 $$'           watch a command, without root
  $ sudo ebpf run trace.bpf.o --engine kernel            watch the whole system until Ctrl-C
  $ ebpf run trace.bpf.o --json -n 5 -- make | jq .pid   five events, as JSON
  $ ebpf run chat.bpf.o --send 'commands={"i":1}' -- sh -c 'kill -0 $$'

The embedded engine takes its events from the system calls of the command, traced with ptrace.
Set DEBUG=1 to see stack traces and whole verifier logs.

Exit codes: 0 the run ended as it should; 1 it failed, for the reason on standard error; 2 wrong usage; 129, 130 or 143
when SIGHUP, SIGINT (Ctrl-C) or SIGTERM ended it. How the command exits does not matter, unless a signal ended it: that is 1.`;
}

/** Commander says `error: unknown option '--fast'`, and what the user may have meant on a second line. */
function usageSentence(message: string): string {
  const said = message
    .trim()
    .replace(/^error: /, "")
    .replaceAll("\n", " ");
  return `ebpf: ${printable(said.slice(0, 1).toUpperCase() + said.slice(1))} (--help says how to use it)\n`;
}

function count(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isSafeInteger(value))) throw new InvalidArgumentError("It takes a whole number above 0.");
  return value;
}

function duration(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= longestDuration)) {
    throw new InvalidArgumentError(`It takes a number of seconds above 0, ${longestDuration} at most.`);
  }
  return value;
}

function collect(text: string, previous: string[]): string[] {
  if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError("It takes name=json.");
  return [...previous, text];
}

// Whatever nobody has caught: one sentence as well, and the end of what is still traced.
process.on("uncaughtException", (error) => {
  process.exit(reportError(error));
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : ExitCode.usage) : reportError(error);
}
endWithTerminal();
