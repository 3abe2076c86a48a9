import { putNumber } from "../../uapi/fields.ts";
import { SockFilter } from "../../uapi/structs.gen.ts";

/** An instruction of classic BPF (linux/filter.h), in which seccomp filters are written. Jumps count from the next instruction, up to 255. */
export type ClassicInstruction = readonly [code: number, yes: number, no: number, operand: number];

/** 32 bits of `struct seccomp_data`, into the accumulator. */
export const loadWord = (offset: number): ClassicInstruction => [0x20, 0, 0, offset];
export const jumpIfEqual = (value: number, yes: number, no: number): ClassicInstruction => [0x15, yes, no, value];
/** Without a sign. */
export const jumpIfAtLeast = (value: number, yes: number, no: number): ClassicInstruction => [0x35, yes, no, value];
export const jumpIfAnySet = (bits: number, yes: number, no: number): ClassicInstruction => [0x45, yes, no, bits];
export const giveBack = (action: number): ClassicInstruction => [0x06, 0, 0, action];

/** What a filter gives back: SECCOMP_RET_* (linux/seccomp.h). */
export const SeccompAction = {
  trace: 0x7ff0_0000,
  allow: 0x7fff_0000,
  /** To be or-ed with the errno. */
  error: 0x0005_0000,
} as const;

/** AUDIT_ARCH_* of native system calls. */
export const AuditArchitecture = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** Numbers of the x32 ABI have this bit (x86-64 only). */
export const x32Bit = 0x4000_0000;

/** As an array of `struct sock_filter`. */
export function encodeFilter(program: readonly ClassicInstruction[]): Uint8Array {
  const bytes = new Uint8Array(SockFilter.size * program.length);
  const view = new DataView(bytes.buffer);
  const { code: codeField, jt, jf, k } = SockFilter.fields;
  for (const [index, [code, yes, no, operand]] of program.entries()) {
    const at = SockFilter.size * index;
    putNumber(view, at, codeField, code);
    putNumber(view, at, jt, yes);
    putNumber(view, at, jf, no);
    putNumber(view, at, k, operand);
  }
  return bytes;
}
