import { channel } from "node:diagnostics_channel";
import type { EbpfError } from "../base/errors.ts";

/** Subscribers of `node:diagnostics_channel` get `{ line }` for what programs print. */
const prints = channel("ebpf:trace_printk");
/** And `{ fault }` for every run that went wrong. */
const faults = channel("ebpf:fault");

/** And `{ finding }`, a sentence, for what is wrong with an object that is loaded all the same: what of its types is left out, or mended. */
const findings = channel("ebpf:finding");

export function publishFinding(finding: string): void {
  findings.publish({ finding });
}

export function publishPrint(line: string): void {
  prints.publish({ line });
}

const warned = new Set<string>();

/** A process warning, once for each text: of what one can do without, and should not have to. */
export function warnOnce(message: string): void {
  if (!warned.has(message)) process.emitWarning(message, { type: "EbpfWarning" });
  warned.add(message);
}

export function warnFault(fault: EbpfError): void {
  faults.publish({ fault });
  if (!faults.hasSubscribers) process.emitWarning(fault.message, { type: "EbpfFault" });
}
