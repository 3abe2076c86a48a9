import { Argument, Command } from "commander";
import type { CodeForm, DumpOptions } from "../kernel/program-code.ts";
import type { FactsOptions } from "../kernel/program-list.ts";
import type { TracelogOptions } from "../kernel/tracelog.ts";

const help = `
Examples:
  $ sudo ebpf prog list
  $ sudo ebpf prog show 42
  $ sudo ebpf prog dump on_open           what the verifier has left, with C lines
  $ sudo ebpf prog dump on_open jited     machine code, where the kernel shows it
  $ sudo ebpf prog pin 42 /sys/fs/bpf/on_open
  $ sudo ebpf prog load trace.bpf.o /sys/fs/bpf/trace
  $ sudo ebpf prog tracelog               what all programs print with bpf_printk

<program> is an id, a name, a tag, or the path of a pin. With --json facts have the names that bpftool gives them.
It takes root, or CAP_SYS_ADMIN, but for what is named by the path of its pin.`;

export const command: Command = new Command("prog")
  .description("Programs that are loaded in the kernel, whoever loaded them.")
  .addHelpText("after", help);

command
  .command("list")
  .description("List them, with who holds them.")
  .option("-j, --json", "print a JSON array")
  .action(async (options: FactsOptions) => {
    const { listPrograms } = await import("../kernel/program-list.ts");
    listPrograms(options);
  });

command
  .command("show")
  .description("Show all that is known of one.")
  .argument("<program>", "an id, a name, a tag, or the path of a pin")
  .option("-j, --json", "print a JSON object")
  .action(async (program: string, options: FactsOptions) => {
    const { showProgram } = await import("../kernel/program-list.ts");
    await showProgram(program, options);
  });

command
  .command("dump")
  .description("Print its code with the C lines that it came from.")
  .argument("<program>", "an id, a name, a tag, or the path of a pin")
  .addArgument(
    new Argument("[code]", "what the verifier has left, or machine code (disassembled where objdump is installed)")
      .choices(["translated", "xlated", "jited"])
      .default("translated"),
  )
  .option("-j, --json", "print a JSON array of functions")
  .option("--no-source", "leave the C lines out")
  .action(async (program: string, form: CodeForm, options: DumpOptions) => {
    const { dumpProgram } = await import("../kernel/program-code.ts");
    await dumpProgram(program, form, options);
  });

command
  .command("load")
  .description("Load an object's programs, and pin each by its name in a folder, so that they stay. None is attached.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .argument("<folder>", "in a bpf file system, such as /sys/fs/bpf/name; it is made where it is not there")
  .option("-j, --json", "print a JSON array")
  .action(async (object: string, folder: string, options: FactsOptions) => {
    const { loadPrograms } = await import("../kernel/load-programs.ts");
    await loadPrograms(object, folder, options);
  });

command
  .command("pin")
  .description("Give it a name in a bpf file system, which keeps it loaded.")
  .argument("<program>", "an id, a name, or a tag")
  .argument("<path>", "in a bpf file system, such as /sys/fs/bpf/name")
  .option("-j, --json", "print a JSON object")
  .action(async (program: string, path: string, options: FactsOptions) => {
    const { pin } = await import("../kernel/pin.ts");
    pin("program", program, path, options);
  });

command
  .command("tracelog")
  .description("Print what all programs print with bpf_printk from now on, until Ctrl-C.")
  .option("-j, --json", "print a JSON object a line")
  .action(async (options: TracelogOptions) => {
    const { tracelog } = await import("../kernel/tracelog.ts");
    await tracelog(options);
  });
