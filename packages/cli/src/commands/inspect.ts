import { Command } from "commander";
import { headerOption, typeOption } from "../records/record-options.ts";
import type { InspectOptions } from "../inspect/inspect-object.ts";

export const command: Command = new Command("inspect")
  .description("Show what an object holds: programs, maps, globals, event types, licence.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .option("-j, --json", "print the whole specification as JSON")
  .option("--disasm", "print every function's instructions with their C lines")
  .addOption(typeOption())
  .addOption(headerOption())
  .action(async (object: string, options: InspectOptions) => {
    const { inspectObject } = await import("../inspect/inspect-object.ts");
    await inspectObject(object, options);
  });
