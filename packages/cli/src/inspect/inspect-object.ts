import { sayRecords } from "ebpf-ts/spec";
import { recordChoices, type RecordArguments } from "../records/record-choices.ts";
import { printCode } from "./disassembly.ts";
import { printSummary } from "./summary.ts";
import { jsonText } from "../output/json.ts";
import { parseFile } from "../output/object-file.ts";
import { printLine } from "../output/print-line.ts";
import { asUsage } from "../output/report-error.ts";

export interface InspectOptions extends RecordArguments {
  readonly json?: boolean;
  readonly disasm?: boolean;
}

/** `ebpf inspect`: what an object holds, as a summary, as JSON, or as instructions. */
export async function inspectObject(object: string, options: InspectOptions): Promise<void> {
  const told = await parseFile(object);
  const choices = await recordChoices(told, options);
  const spec = asUsage(() => sayRecords(told, choices));
  if (options.json === true) {
    printLine(jsonText(spec, 2));
  } else if (options.disasm === true) {
    for (const fn of [...spec.programs, ...spec.functions]) printCode(fn);
  } else {
    printSummary(spec);
  }
}
