import { channel } from "node:diagnostics_channel";
import type { EbpfError } from "../base/errors.ts";

/** Subscribers of `node:diagnostics_channel` get `{ line }` for what programs print. */
const prints = channel("ebpf:trace_printk");
/** And `{ fault }` for every run that went wrong. */
const faults = channel("ebpf:fault");

export function publishPrint(line: string): void {
  prints.publish({ line });
}

export function warnFault(fault: EbpfError): void {
  faults.publish({ fault });
  if (!faults.hasSubscribers) process.emitWarning(fault.message, { type: "EbpfFault" });
}
