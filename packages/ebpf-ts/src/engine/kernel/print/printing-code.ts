import { NotSupportedError } from "../../../base/errors.ts";
import { readLargeFile } from "../../../host/system-files.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfProgInfo } from "../../../uapi/structs.gen.ts";
import { objectInfo } from "../object-info.ts";

/** Where machine code stands. */
export interface KernelCodeRange {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
}

/** The machine code of programs, subprograms included. Throws NOT_SUPPORTED where the kernel does not say. */
export function codeOf(sys: Sys, programs: Iterable<{ readonly fd: number }>): KernelCodeRange[] {
  return [...programs].flatMap((program) => rangesOf(sys, program));
}

function rangesOf(sys: Sys, program: { readonly fd: number }): KernelCodeRange[] {
  const what = "where a program's code is";
  const { nr_jited_ksyms: count, jited_prog_len: length } = objectInfo(sys, program, BpfProgInfo, what);
  if (length === 0 || count === 0)
    throw cannotTell("the kernel does not compile programs (net.core.bpf_jit_enable is 0)");
  const starts = new BigUint64Array(count);
  const lengths = new Uint32Array(count);
  objectInfo(sys, program, BpfProgInfo, what, {
    nr_jited_ksyms: count,
    jited_ksyms: starts,
    nr_jited_func_lens: count,
    jited_func_lens: lengths,
  });
  if (starts.some((start) => start === 0n)) throw hidden();
  return Array.from(starts, (start, index) => ({ start, end: start + BigInt(lengths[index]!) }));
}

let kernelText: Promise<KernelCodeRange> | undefined;

/** The kernel's own code, without modules and programs. Takes some 100 ms, once. */
export function kernelCode(): Promise<KernelCodeRange> {
  kernelText ??= readKernelCode();
  return kernelText;
}

async function readKernelCode(): Promise<KernelCodeRange> {
  const symbols = new TextDecoder("latin1").decode(await readLargeFile("/proc/kallsyms"));
  const [start, end] = ["_stext", "_etext"].map((name) => {
    const at = symbols.indexOf(` ${name}\n`);
    return at < 0 ? 0n : BigInt(`0x${symbols.slice(symbols.lastIndexOf("\n", at) + 1, at).split(" ")[0]}`);
  }) as [bigint, bigint];
  if (start === 0n || end <= start) throw hidden();
  return { start, end };
}

/**
 * Whether a stack is that of a program with that code, which called the kernel to print. Between the two stand the kernel's own functions
 * alone; a program further up has only called, or was interrupted by, the one that printed.
 */
export function isPrintedBy(
  programs: readonly KernelCodeRange[],
  kernel: KernelCodeRange,
  stack: readonly bigint[],
): boolean {
  const caller = stack.find((address) => !isIn(kernel, address));
  return caller !== undefined && programs.some((range) => isIn(range, caller));
}

function isIn({ start, end }: KernelCodeRange, address: bigint): boolean {
  return address >= start && address <= end;
}

function hidden(): NotSupportedError {
  return cannotTell("the kernel hides its addresses (set kernel.kptr_restrict to 0 or 1, and have CAP_SYSLOG)");
}

function cannotTell(why: string): NotSupportedError {
  return new NotSupportedError(
    "printk",
    `Cannot tell which lines of bpf_printk are those of these programs: ${why}; read /sys/kernel/tracing/trace_pipe for those of all`,
  );
}
