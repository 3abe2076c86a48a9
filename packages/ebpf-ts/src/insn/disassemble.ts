import { type Checks, checkOptions } from "../base/check-options.ts";
import { list, membersOf } from "../base/check-members.ts";
import { integer } from "../base/checks.ts";
import { someInstructions } from "./check-instructions.ts";
import type { Instruction } from "./instruction.ts";
import { LD_IMM64 } from "./opcodes.ts";
import { printAt, printChecks, type PrintOptions } from "./print.ts";

/** `Line` is what `.BTF.ext` says of a C line (`LineInfo`). */
export interface DisassembledLine<Line> {
  readonly slot: number;
  readonly text: string;
  /** Where a C line begins that this instruction is the first of. */
  readonly source?: Line;
}

/** How code is printed, and the C lines that it came from. */
export interface DisassembleOptions<Line> extends PrintOptions {
  /** C lines by slot, as `.BTF.ext` has them. */
  readonly lines?: readonly Line[] | undefined;
}

const someLines = list(membersOf<{ slot: number }>({ slot: integer(0, 2 ** 31 - 1) }));
const checks: Checks<DisassembleOptions<never>> = { ...printChecks, lines: someLines };

/** One line an instruction; the second slot of a 64-bit load has none of its own. */
export function disassemble<Line extends { readonly slot: number }>(
  instructions: readonly Instruction[],
  options: DisassembleOptions<Line> = {},
): DisassembledLine<Line>[] {
  someInstructions(instructions, "The instructions of disassemble()");
  checkOptions(options as DisassembleOptions<never>, checks, "disassemble()");
  const sources = new Map(options.lines?.map((line) => [line.slot, line]));
  const lines: DisassembledLine<Line>[] = [];
  for (let slot = 0; slot < instructions.length; slot++) {
    const text = printAt(instructions, slot, options);
    const source = sources.get(slot);
    lines.push(source === undefined ? { slot, text } : { slot, text, source });
    if (instructions[slot]?.opcode === LD_IMM64) slot += 1;
  }
  return lines;
}
