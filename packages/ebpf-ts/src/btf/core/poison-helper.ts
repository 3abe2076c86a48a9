/**
 * An id that no helper has, as in libbpf: what is called where a relocation found no target. The verifier says "invalid func
 * unknown#195896080" if the instruction can be reached.
 */
export const poisonHelper = 0xbad2310;
