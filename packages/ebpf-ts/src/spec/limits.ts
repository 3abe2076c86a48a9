/** What an object may be at most: a file of some kilobytes could ask for any amount of memory. Beyond, the error is TOO_BIG. */

/** Instructions in the file, of all functions together. Each takes some 70 bytes once it is decoded. */
export const mostInstructionsInFile = 4_000_000;

/** Programs that are loaded. */
export const mostPrograms = 65_536;

/**
 * Instructions of one program, with the functions that it reaches. BPF_COMPLEXITY_LIMIT_INSNS, more than which the kernel never takes
 * (Linux 5.2).
 */
export const mostInstructions = 1_000_000;

/** Instructions of all programs of an object, each with the functions that it reaches: an engine that keeps them says how many it keeps. */
export const mostInstructionsInAll = 16_000_000;

/** Bytes of zeroed variables. They take no room in the file: without a limit, a small file could ask for any amount of memory. */
export const mostZeros: number = 64 * 1024 * 1024;
