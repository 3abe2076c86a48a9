/**
 * Helpers are variables that have a number for an address. The compiler sees that the number is constant only when it optimises; else it
 * loads the variable into a register, and calls that (BPF_CALL | BPF_X, opcode 0x8d).
 */
export const callThroughRegister =
  "it calls through a register, as clang calls helpers when it does not optimise: compile it with -O2";
