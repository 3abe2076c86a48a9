export { decodeInstructions, encodeInstructions } from "./codec.ts";
export { disassemble } from "./disassemble.ts";
export type { DisassembledLine, DisassembleOptions } from "./disassemble.ts";
export type { Instruction } from "./instruction.ts";
export * from "./opcodes.ts";
export { printInstruction, printInstructions } from "./print.ts";
export type { PrintOptions } from "./print.ts";
