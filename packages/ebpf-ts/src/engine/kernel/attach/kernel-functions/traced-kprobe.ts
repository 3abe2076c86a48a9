import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { refusal, refusalCode } from "../../../../host/refusal.ts";
import { isThere, readSystemFile } from "../../../../host/system-files.ts";
import { pid } from "../../../../host/this-process.ts";
import { appendSetting } from "../../../../host/trace-files.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import { PerfType } from "../../../../uapi/uapi.gen.ts";
import { failure } from "../../failure.ts";
import { perfFailure } from "../../perf-failure.ts";
import { isKernelBefore } from "../../kernel-release.ts";
import type { AttachRequest, Closable } from "../attachment.ts";
import { noTracefs, traceFolder } from "../trace-folder.ts";
import type { KprobePlace } from "./open-kprobe.ts";

/** A probe that stands in tracefs until `entry` is closed, which the event must be before. */
export interface TracedKprobe {
  readonly event: Descriptor;
  readonly entry: Closable;
}

const ANY_PROCESS = -1;
const FIRST_CPU = 0;

let made = 0;

/**
 * How kernels before Linux 4.17 make probes: a line in `kprobe_events` of tracefs, which everybody sees, and which outlives this process.
 * Gives the negative errno where the kernel does not take the place.
 */
export function openTracedKprobe(request: AttachRequest<AttachTarget>, place: KprobePlace): TracedKprobe | number {
  const folder = folderOf(request.action);
  const { symbol, offset, returns } = place;
  const at = `0x${offset.toString(16)}`;
  const group = returns ? "kretprobes" : "kprobes";
  const name = `${group}/ebpf_ts_${pid}_${symbol.replace(/\W/g, "_")}_${at}_${made++}`;
  const file = `${folder}/kprobe_events`;
  const refused = append(file, `${returns ? "r" : "p"}:${name} ${symbol}+${at}`, request.action);
  if (refused !== undefined) return refused;
  const entry = { close: () => remove(file, name) };
  try {
    return { event: openEvent(request, Number(readSystemFile(`${folder}/events/${name}/id`))), entry };
  } catch (error) {
    entry.close();
    throw error;
  }
}

function folderOf(action: string): string {
  const folder = traceFolder();
  if (folder === undefined && isKernelBefore("4.17")) throw noTracefs(action);
  if (folder !== undefined && isThere(`${folder}/kprobe_events`)) return folder;
  throw new NotSupportedError("kprobe", `Cannot ${action}: this kernel has no kprobes (CONFIG_KPROBE_EVENTS)`);
}

function openEvent({ sys, action }: AttachRequest<AttachTarget>, id: number): Descriptor {
  const attributes = new KernelStruct(PerfEventAttr, { type: PerfType.TRACEPOINT, config: id });
  const fd = sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU);
  if (fd < 0) throw perfFailure(fd, action);
  return new Descriptor(fd, `the event: ${action}`);
}

const refusals: Readonly<Record<string, number>> = {
  ENOENT: -Errno.ENOENT,
  EINVAL: -Errno.EINVAL,
  EILSEQ: -Errno.EILSEQ,
  EADDRNOTAVAIL: -Errno.EADDRNOTAVAIL,
};

/** A line behind those that are there: to write from the start would take everybody's probes away. */
function append(file: string, line: string, action: string): number | undefined {
  try {
    appendSetting(file, `${line}\n`);
    return undefined;
  } catch (cause) {
    const refused = refusals[refusalCode(cause)];
    if (refused !== undefined) return refused;
    throw refusal(cause, action, (code) => {
      const why = `${file} cannot be written (${code})`;
      return new EbpfError(code === "EACCES" ? "NO_PRIVILEGE" : "SYSCALL", `Cannot ${action}: ${why}`, { cause });
    });
  }
}

/** Somebody may have removed it, with all others. */
function remove(file: string, name: string): void {
  const action = `remove the probe ${name}`;
  const refused = append(file, `-:${name}`, action);
  if (refused !== undefined && refused !== -Errno.ENOENT) throw failure(refused, action, "write");
}
