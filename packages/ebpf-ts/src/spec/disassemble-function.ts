import type { LineInfo } from "../btf/types.ts";
import { disassemble } from "../insn/disassemble.ts";
import type { DisassembledLine } from "../insn/disassemble.ts";
import { HelperId } from "../uapi/uapi.gen.ts";
import { checkCode } from "./check-spec.ts";
import { referenceNames } from "./reference-names.ts";
import type { FunctionSpec, AssembledProgram } from "./types.ts";

/** The code of a function, or of an assembled program, as text, with the C lines that it came from. */
export function disassembleFunction(fn: FunctionSpec | AssembledProgram): DisassembledLine<LineInfo>[] {
  checkCode(fn, "The function of disassembleFunction()");
  return disassemble(fn.instructions, { names: referenceNames(fn.references), lines: fn.lines, helperName });
}

const HELPER_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(HelperId).map(([name, id]) => [id, `bpf_${name}`]),
);

function helperName(id: number): string | undefined {
  return HELPER_NAMES.get(id);
}
