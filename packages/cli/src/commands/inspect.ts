import { Command } from "commander";
import { parse, readObject } from "ebpf-ts";
import { printCode } from "../inspect/disassembly.ts";
import { printSummary } from "../inspect/summary.ts";
import { jsonText } from "../output/json.ts";

interface InspectOptions {
  readonly json?: boolean;
  readonly disasm?: boolean;
}

export const command: Command = new Command("inspect")
  .description("Show what an object holds: programs, maps, globals, event types, licence.")
  .argument("<object>", "a compiled object, such as program.bpf.o")
  .option("-j, --json", "print the whole specification as JSON")
  .option("--disasm", "print every function's instructions with their C lines")
  .action(inspect);

async function inspect(object: string, options: InspectOptions): Promise<void> {
  const spec = parse(await readObject(object));
  if (options.json === true) {
    console.log(jsonText(spec, 2));
  } else if (options.disasm === true) {
    for (const fn of [...spec.programs, ...spec.functions]) printCode(fn);
  } else {
    printSummary(spec);
  }
}
