import { findExecutableSymbol, type PartialFile } from "../../../elf/executable-symbols.ts";
import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { absolutePath, openNamed } from "../../../host/named-files.ts";
import { closeFile, readAt, sizeOf } from "../../../host/open-files.ts";
import { refusal } from "../../../host/refusal.ts";
import { isThere, readHostFile } from "../../../host/system-files.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import { Attributes } from "../../../sys/ffi/attributes.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { ProgType } from "../../../uapi/uapi.gen.ts";
import type { UprobeOptions } from "../../program.ts";
import type { Attachment } from "./attach-program.ts";
import { failure } from "../failure.ts";
import { attachToEvent } from "./perf-event.ts";

/** The perf event source of user probes (Linux 4.17). */
const source = "/sys/bus/event_source/devices/uprobe";
const PERF_ATTR_SIZE = 112; // PERF_ATTR_SIZE_VER5
const ANY = -1;
const FIRST_CPU = 0;

/** `uprobe//path:symbol`, `uprobe//path:symbol+0x10`, and the same with `uretprobe`. */
export async function attachUprobeSection(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  const match = /^(?<path>.+):(?<symbol>[^:+]+)(?:\+(?<offset>0[xX][0-9a-fA-F]+|\d+))?$/.exec(spec.attachTo);
  if (match === null) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot attach program ${spec.name}: its section names no function, write ${spec.kind}//path:symbol or call attachUprobe()`,
    );
  }
  const { path, symbol, offset } = match.groups as { path: string; symbol: string; offset?: string };
  return attachUprobe(sys, program, spec, { path, symbol, offset: Number(offset ?? 0) });
}

/** A perf event of a place in a file's code, to which the program is linked. */
export async function attachUprobe(
  sys: Sys,
  program: Descriptor,
  spec: ProgramSpec,
  options: UprobeOptions,
): Promise<Attachment> {
  const action = `attach program ${spec.name}`;
  if (spec.type !== ProgType.KPROBE) {
    throw new TypeError(
      `Cannot ${action} to a function of user space: it is a ${spec.kind} program, write SEC("uprobe")`,
    );
  }
  const { path, pid = ANY, returns = spec.kind.startsWith("uretprobe") } = options;
  if (pid !== ANY && (!Number.isInteger(pid) || pid < 0)) throw new RangeError(`pid must be a process id, not ${pid}`);
  const attributes = new Attributes(PERF_ATTR_SIZE)
    .u32(0, Number(readSource("type", action)))
    .u32(4, PERF_ATTR_SIZE)
    .u64(8, returns ? 1n << returnBit(action) : 0n)
    .string(56, absolutePath(path)) // uprobe_path
    .u64(64, BigInt(placeOf(options, action))); // probe_offset
  // A process on whatever CPU, or everybody: of the event's CPU nothing is asked then.
  const fd = sys.perfEventOpen(attributes, pid, pid === ANY ? FIRST_CPU : ANY);
  if (fd < 0) throw openFailure(fd, action, options);
  return attachToEvent(sys, program, new Descriptor(fd, `the event of program ${spec.name}`), action);
}

/** Offset in the file. */
function placeOf({ path, symbol, offset = 0 }: UprobeOptions, action: string): number {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new RangeError(`offset must be a whole number from 0, not ${offset}`);
  const descriptor = open(path, action);
  try {
    const size = sizeOf(descriptor);
    const start = symbol === undefined ? 0 : findExecutableSymbol(fileOf(descriptor, size), symbol).offset;
    if (start + offset < size) return start + offset;
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: offset ${offset} lies beyond the end of ${path}`);
  } catch (error) {
    if (!(error instanceof EbpfError) || error.code !== "BAD_OBJECT") throw error;
    throw new EbpfError("BAD_OBJECT", `Cannot ${action} to ${path}: ${error.message}`, { cause: error });
  } finally {
    closeFile(descriptor);
  }
}

function fileOf(descriptor: number, size: number): PartialFile {
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, readAt(descriptor, bytes, offset));
    },
  };
}

function open(path: string, action: string): number {
  try {
    return openNamed(path, "read");
  } catch (cause) {
    throw refusal(cause, `${action} to ${path}`, (code) => {
      const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
      return new EbpfError("NOT_FOUND", `Cannot ${action} to ${path}: ${why}`, { cause });
    });
  }
}

function readSource(name: string, action: string): string {
  if (!isThere(source)) {
    throw new NotSupportedError(
      "uprobe",
      `Cannot ${action}: this kernel has no uprobes (CONFIG_UPROBE_EVENTS, Linux 4.17)`,
      "4.17",
    );
  }
  return readHostFile(`${source}/${name}`, action).trim();
}

/** Which bit of `config` asks for the function's return: `config:0`. */
function returnBit(action: string): bigint {
  return BigInt(/^config:(\d+)$/.exec(readSource("format/retprobe", action))?.[1] ?? 0);
}

function openFailure(result: number, action: string, { path, pid }: UprobeOptions): EbpfError {
  if (result === -Errno.ESRCH) return failure(result, action, "perf_event_open", `there is no process ${pid}`);
  if (result === -Errno.EINVAL) return failure(result, action, "perf_event_open", `${path} has no code to probe there`);
  return failure(result, action, "perf_event_open");
}
