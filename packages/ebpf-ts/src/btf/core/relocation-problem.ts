/** Why a relocation cannot be done. Becomes an `EbpfError` that names the program and the instruction. */
export class RelocationProblem extends Error {}
