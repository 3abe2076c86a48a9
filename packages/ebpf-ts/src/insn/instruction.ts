/**
 * One 8-byte slot of eBPF machine code (RFC 9669, section 3). A 64-bit immediate load takes two slots; the second one
 * has opcode 0 and carries the upper 32 bits in `imm`. Array index and jump target are therefore counted alike.
 */
export interface Instruction {
  /** 0..255 */
  opcode: number;
  /** Destination register, 0..15 as encoded (0..10 are valid). */
  dst: number;
  /** Source register, or the pseudo kind of a call or of a 64-bit load. */
  src: number;
  /** Signed 16 bits. */
  offset: number;
  /** Signed 32 bits. */
  imm: number;
}
