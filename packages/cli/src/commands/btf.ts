import { Command, Option } from "commander";
import type { BtfDumpOptions } from "../kernel/btf-dump.ts";
import type { FactsOptions } from "../kernel/program-list.ts";

const help = `
Examples:
  $ ebpf btf dump kernel > vmlinux.h      the running kernel's types as a C header, without root
  $ ebpf btf dump trace.bpf.o             those of an object
  $ sudo ebpf btf list
  $ sudo ebpf btf dump 12 --format raw

<types> are an id, the name of a module, "kernel", or a file: an object, or BTF as in /sys/kernel/btf. To list what is loaded takes root, or
CAP_SYS_ADMIN.`;

export const command: Command = new Command("btf")
  .description("Types (BTF) of the kernel, of what is loaded in it, and of files.")
  .addHelpText("after", help);

command
  .command("list")
  .description("List what the kernel has, and which programs and maps use it.")
  .option("-j, --json", "print a JSON array")
  .action(async (options: FactsOptions) => {
    const { listBtfs } = await import("../kernel/btf-list.ts");
    listBtfs(options);
  });

command
  .command("show")
  .description("Show all that is known of one.")
  .argument("<types>", "an id, or the name of a module")
  .option("-j, --json", "print a JSON object")
  .action(async (types: string, options: FactsOptions) => {
    const { showBtf } = await import("../kernel/btf-list.ts");
    showBtf(types, options);
  });

command
  .command("dump")
  .description("Print types: as a C header that clang compiles (vmlinux.h), or one a line.")
  .argument("<types>", 'an id, the name of a module, "kernel", or a file')
  .addOption(
    new Option("-f, --format <format>", "how they are printed").choices(["c", "raw"]).default("c").conflicts(["json"]),
  )
  .option("-j, --json", "print a JSON object, as bpftool does")
  .action(async (types: string, options: BtfDumpOptions) => {
    const { dumpBtf } = await import("../kernel/btf-dump.ts");
    await dumpBtf(types, options);
  });
