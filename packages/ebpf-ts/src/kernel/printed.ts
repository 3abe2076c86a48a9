import { KernelPrints } from "../engine/kernel/print/kernel-prints.ts";
import { type PrintkOptions, PrintStream } from "../stream/print-stream.ts";
import { linuxSys } from "../sys/ffi/linux.ts";

/**
 * What all programs in the kernel print from now on (`bpf_printk`), whoever loaded them: from a trace buffer of its own, so that nothing is
 * taken from others who read (Linux 5.9). Takes root, and a mounted tracefs.
 */
export function printed(options: PrintkOptions = {}): PrintStream {
  const sys = linuxSys();
  return new PrintStream((onLine, onFailure) => new KernelPrints(sys, undefined, onLine, onFailure), options);
}
