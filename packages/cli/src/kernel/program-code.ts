import type { LineInfo } from "ebpf-ts/btf";
import { disassemble } from "ebpf-ts/insn";
import { programCode, type ProgramCode } from "ebpf-ts/kernel";
import { sourceLine } from "../inspect/disassembly.ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";
import { machineLines } from "./machine-lines.ts";
import { wantedOne } from "./wanted.ts";

export type CodeForm = "translated" | "xlated" | "jited";

export interface DumpOptions {
  readonly json?: boolean;
  readonly source: boolean;
}

/** A line of code, or of C. */
interface CodeLine {
  readonly at: number;
  readonly text: string;
  readonly source: LineInfo | undefined;
}

interface CodePart {
  readonly name: string;
  readonly lines: readonly CodeLine[];
}

/** `ebpf prog dump` */
export async function dumpProgram(name: string, form: CodeForm, options: DumpOptions): Promise<void> {
  const id = wantedOne("program", name);
  const code = programCode(id);
  const parts = form === "jited" ? await machineParts(code, id) : translatedParts(code, id);
  if (options.json === true) printLine(jsonText(parts.map((part) => asJson(part, options.source))));
  else for (const part of parts) printPart(part, form === "jited", options.source);
}

function translatedParts({ instructions, names, lines, functions }: ProgramCode, id: number): CodePart[] {
  if (instructions.length === 0)
    throw new Error(`Cannot show the code of program ${id}: the kernel shows it to root alone, with CAP_SYS_ADMIN`);
  const all = disassemble(instructions, { names, lines }).map(({ slot, text, source }) => ({ at: slot, text, source }));
  const starts = functions.length === 0 ? [{ name: "", slot: 0 }] : functions;
  return starts.map(({ name, slot }, index) => {
    const end = starts[index + 1]?.slot ?? instructions.length;
    return { name, lines: all.filter(({ at }) => at >= slot && at < end) };
  });
}

async function machineParts({ machine }: ProgramCode, id: number): Promise<CodePart[]> {
  if (machine.length === 0) {
    const why = "it is interpreted (net.core.bpf_jit_enable), or the kernel hides addresses (kernel.kptr_restrict)";
    throw new Error(`Cannot show the machine code of program ${id}: ${why}`);
  }
  return Promise.all(machine.map(async (fn) => ({ name: fn.name, lines: await machineLines(fn) })));
}

function printPart({ name, lines }: CodePart, isMachine: boolean, showSource: boolean): void {
  if (name !== "") printLine(`${printable(name)}:`);
  for (const { at, text, source } of lines) {
    if (showSource && source !== undefined) printLine(printable(sourceLine(source)));
    printLine(`${(isMachine ? at.toString(16) : `${at}`).padStart(6)}: ${printable(text)}`);
  }
}

function asJson({ name, lines }: CodePart, showSource: boolean): object {
  return {
    name,
    insns: lines.map(({ at, text, source }) => ({
      at,
      text,
      ...(showSource && source !== undefined ? { file: source.file, line: source.line, src: source.text.trim() } : {}),
    })),
  };
}
