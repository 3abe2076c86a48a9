import { putNumber } from "../../../../uapi/fields.ts";
import { SeccompData, SockFilter } from "../../../../uapi/structs.gen.ts";

/** The parts of classic BPF that the filter needs (linux/filter.h): code, jump if true, jump if false, operand. */
const loadWord = (offset: number): Instruction => [0x20, 0, 0, offset];
const jumpIfEqual = (value: number, yes: number, no: number): Instruction => [0x15, yes, no, value];
const jumpIfAtLeast = (value: number, yes: number, no: number): Instruction => [0x35, yes, no, value];
const giveBack = (action: number): Instruction => [0x06, 0, 0, action];

type Instruction = readonly [code: number, yes: number, no: number, operand: number];

const SECCOMP_RET_TRACE = 0x7ff0_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;

/** Numbers of the x32 ABI have this bit (x86-64 only). */
export const x32Bit = 0x4000_0000;

/**
 * A seccomp filter, as an array of `struct sock_filter`, that stops a task at some system calls (all, when `syscalls` is
 * undefined) and lets everything else pass, also what the system calls of another ABI are.
 */
export function seccompFilter(syscalls: readonly number[] | undefined, auditArchitecture: number): Uint8Array {
  const program: Instruction[] = [
    loadWord(SeccompData.fields.arch.at),
    jumpIfEqual(auditArchitecture, 1, 0),
    giveBack(SECCOMP_RET_ALLOW),
    loadWord(SeccompData.fields.nr.at),
    jumpIfAtLeast(x32Bit, 0, 1),
    giveBack(SECCOMP_RET_ALLOW),
  ];
  for (const syscall of syscalls ?? []) program.push(jumpIfEqual(syscall, 0, 1), giveBack(SECCOMP_RET_TRACE));
  program.push(giveBack(syscalls === undefined ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW));
  return encode(program);
}

function encode(program: readonly Instruction[]): Uint8Array {
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
