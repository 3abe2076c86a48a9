import { Command, Option } from "commander";
import { collectAssignment } from "../arguments/assignments.ts";
import { collectName, parseComm, parseFolder } from "../arguments/names.ts";
import { parseCount, parseDuration, parsePid, parseUid } from "../arguments/numbers.ts";
import { UsageError } from "../output/report-error.ts";
import { headerOption, typeOption } from "../records/record-options.ts";
import type { RunArguments } from "../run/run-object.ts";

const help = `
Examples:
  $ ebpf run trace.bpf.o -- sh -c 'kill -0 $$'           watch a command, without root
  $ sudo ebpf run trace.bpf.o --engine kernel            watch the whole system until Ctrl-C
  $ ebpf run trace.bpf.o --json -n 5 -- make | jq .event.pid
                                                         five events, as JSON
  $ sudo ebpf run latency.bpf.o --interval 5             its maps, every five seconds
  $ ebpf run chat.bpf.o --send 'commands={"i":1}' -- sh -c 'kill -0 $$'

With a command, events are its own and its children's, on both engines; without one, the whole system's (kernel engine).
The embedded engine takes its events from the system calls of the command, traced with ptrace.
Set DEBUG=1 to see stack traces and whole verifier logs.

It shows what the programs write into ring buffers and perf event arrays, what they print (bpf_printk), and at the end
what stands in their maps. With --json each line is {"source":…,"event":…}, and of a map {"source":…,"entries":[…]}.

Exit codes: 0 the run ended as it should; 1 it failed, for the reason on standard error; 2 wrong usage, which the
arguments show by themselves, or beside the object: a name that it has not, a value that does not fit; 3 it ended as it
should, but programs of the embedded engine were ended by faults; 129, 130 or 143 when SIGHUP, SIGINT (Ctrl-C) or
SIGTERM ended it. How the command exits does not matter, unless a signal ended it: that is 1.`;

export const command: Command = new Command("run")
  .description("Load an object, attach its programs and show what they say.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .argument("[command...]", "after --, a command to watch; the run ends with it")
  .addOption(
    new Option("-e, --engine <engine>", "where the programs run")
      .choices(["auto", "kernel", "embedded"])
      .default("auto"),
  )
  .option("-j, --json", "print JSON, one object a line; 64-bit numbers beyond 2^53 become strings")
  .option("-a, --all", "with a command: the events of everybody, not of the command alone (kernel engine)")
  .option("--pid <pid>", "only events of this process", parsePid)
  .option("--comm <name>", "only events of tasks of this name", parseComm)
  .option("--uid <uid>", "only events of this user", parseUid)
  .option("--cgroup <folder>", "only events of tasks in this cgroup (version 2) and below", parseFolder)
  .option("--only <name>", "load these programs alone, by name or pattern such as 'on_*' (repeatable)", collectName)
  .option("--without <name>", "leave these programs out (repeatable)", collectName)
  .option("--btf <file>", "types of this kernel for CO-RE, where it has none of its own (kernel engine)")
  .option("-n, --count <events>", "end after that many events were printed", parseCount)
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
  .option("-i, --interval <seconds>", "show the maps so often, not only at the end", parseDuration)
  .option("--no-maps", "show no maps")
  .option("--top <entries>", "how many entries of a map are shown, the largest first", parseCount, 20)
  .option("--per-cpu", "show the values of each CPU, not their sum")
  .option("--linear <map>", "its slots count single values, not powers of two (repeatable)", collectName, [])
  .option("--globals", "show the global variables too")
  .addOption(typeOption())
  .addOption(headerOption())
  .addHelpText("after", help)
  .action(async (object: string, watched: string[], options: Omit<RunArguments, "object" | "command">) => {
    // Without one that is named, it would be the whole system's events.
    if (watched.length === 0 && process.argv.at(-1) === "--")
      throw new UsageError("Nothing stands after --: name a command to watch, or leave -- out for the whole system");
    const { runObject } = await import("../run/run-object.ts");
    await runObject({ ...options, object, command: watched });
  });
