import { Command, Option } from "commander";
import { collectAssignment } from "../arguments/assignments.ts";
import { parseCount, parseDuration } from "../arguments/numbers.ts";
import type { RunArguments } from "../run/run-object.ts";

const help = `
Examples:
  $ ebpf run trace.bpf.o -- sh -c 'kill -0 $$'           watch a command, without root
  $ sudo ebpf run trace.bpf.o --engine kernel            watch the whole system until Ctrl-C
  $ ebpf run trace.bpf.o --json -n 5 -- make | jq .pid   five events, as JSON
  $ ebpf run chat.bpf.o --send 'commands={"i":1}' -- sh -c 'kill -0 $$'

The embedded engine takes its events from the system calls of the command, traced with ptrace.
Set DEBUG=1 to see stack traces and whole verifier logs.

Exit codes: 0 the run ended as it should; 1 it failed, for the reason on standard error; 2 wrong usage; 129, 130 or 143
when SIGHUP, SIGINT (Ctrl-C) or SIGTERM ended it. How the command exits does not matter, unless a signal ended it: that is 1.`;

export const command: Command = new Command("run")
  .description("Load an object, attach its programs and print the events of its ring buffers.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .argument("[command...]", "after --, a command to watch; the run ends with it")
  .addOption(
    new Option("-e, --engine <engine>", "where the programs run")
      .choices(["auto", "kernel", "embedded"])
      .default("auto"),
  )
  .option("-j, --json", "print events as JSON, one a line; 64-bit numbers beyond 2^53 become strings")
  .option("-n, --count <events>", "end after that many events", parseCount)
  .option("-d, --duration <seconds>", "end after that time", parseDuration)
  .option(
    "-s, --send <ring=json>",
    "send a message into a user ring buffer at the start (repeatable)",
    collectAssignment,
    [],
  )
  .option(
    "--set <variable=json>",
    "give a global variable of the object its first value (repeatable)",
    collectAssignment,
    [],
  )
  .addHelpText("after", help)
  .action(async (object: string, watched: string[], options: Omit<RunArguments, "object" | "command">) => {
    const { runObject } = await import("../run/run-object.ts");
    await runObject({ ...options, object, command: watched });
  });
