import type { LineInfo } from "ebpf-ts/btf";
import { disassembleFunction, type FunctionSpec } from "ebpf-ts/spec";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";

/** A function's instructions, between their C lines. */
export function printCode(fn: FunctionSpec): void {
  printLine(`\n${printable(`${fn.name} (${fn.section})`)}:`);
  for (const { slot, text, source } of disassembleFunction(fn)) {
    if (source !== undefined) printLine(printable(sourceLine(source)));
    printLine(`${String(slot).padStart(6)}: ${printable(text)}`);
  }
}

export function sourceLine({ file, line, text }: LineInfo): string {
  return `; ${text.trim()} @ ${file.split("/").at(-1)}:${line}`;
}
