import { Command, Option } from "commander";
import { parsePrintWidth } from "../arguments/numbers.ts";
import type { GenArguments } from "../gen/gen-objects.ts";

const help = `
Examples:
  $ ebpf gen trace.bpf.o                            writes trace.bpf.ts beside it
  $ ebpf gen trace.bpf.o -o src/trace.bpf.ts        reads ../trace.bpf.o from there
  $ ebpf gen build/*.bpf.o --watch                  again, whenever they are compiled anew
  $ ebpf gen trace.bpf.o --check                    in CI: fails when the module is not what it would write
  $ ebpf gen trace.bpf.o --declaration              trace.bpf.d.o.ts, for: import trace from "./trace.bpf.o"

The module has the types of all that the object's maps, rings, variables and programs use, and a load() that gives them:
  import { load } from "./trace.bpf.ts";
  await using bpf = await load();
  for await (const event of bpf.rings.events) console.log(event.pid);

Exit codes: 0 all is written, or as it would be; 1 an object could not be read, or a module is stale; 2 wrong usage.`;

export const command: Command = new Command("gen")
  .description("Write a TypeScript module with the types of an object, and a typed load().")
  .argument("<objects...>", "compiled objects, such as program.bpf.o")
  .option("-o, --output <file>", "where the module goes, - for standard output; beside the object when left out")
  .option("--embed", "put the object into the module, so that a bundle is one file")
  .option("--browser", "for ebpf-ts/embedded, which runs in browsers; the object goes into the module")
  .addOption(
    new Option("--declaration", "write the types alone, for the import of the object itself").conflicts(["embed"]),
  )
  .option("--print-width <columns>", "lines of the module, as the formatter has them", parsePrintWidth, 80)
  .addOption(new Option("--check", "write nothing, and fail when a module is not up to date").conflicts(["watch"]))
  .option("-w, --watch", "write again whenever an object changes, until Ctrl-C")
  .addHelpText("after", help)
  .action(async (objects: string[], options: Omit<GenArguments, "objects">) => {
    const { genObjects } = await import("../gen/gen-objects.ts");
    await genObjects({ ...options, objects });
  });
