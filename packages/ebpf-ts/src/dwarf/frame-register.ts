/** The register that counts from the bottom of a function's frame: r10 as DWARF for eBPF has it, and the frame base. */
export const FRAME_REGISTER = 10;
