import type { Instruction } from "../../../insn/instruction.ts";
import type { AssembledProgram } from "../../../spec/types.ts";

/** The program behind a prologue: jumps are relative, all that is told by slot moves, and the first line begins with the prologue. */
export function withPrologue(program: AssembledProgram, before: readonly Instruction[]): AssembledProgram {
  const shift = before.length;
  const lines = program.lines.map((line) => (line.slot === 0 ? line : { ...line, slot: line.slot + shift }));
  return {
    ...program,
    instructions: [...before.map((instruction) => ({ ...instruction })), ...program.instructions],
    references: program.references.map((reference) => ({ ...reference, slot: reference.slot + shift })),
    functions: program.functions.map((entry) => (entry.slot === 0 ? entry : { ...entry, slot: entry.slot + shift })),
    lines,
    absent: program.absent.map((entry) => ({ ...entry, slot: entry.slot + shift })),
  };
}
