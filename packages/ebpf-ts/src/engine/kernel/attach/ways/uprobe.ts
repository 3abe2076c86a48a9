import type { UprobeTarget } from "../../../../attach/targets/uprobe.ts";
import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import type { findExecutableSymbol, PartialFile } from "../../../../elf/executable-symbols.ts";
import { importHost } from "../../../../host/import-host.ts";
import { absolutePath, notRegular, openRegular } from "../../../../host/named-files.ts";
import { closeFile, readAt, fileSize } from "../../../../host/open-files.ts";
import { refusal } from "../../../../host/refusal.ts";
import { isThere, readHostFile } from "../../../../host/system-files.ts";
import { findProgramKind } from "../../../../kinds/find-program-kind.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import { failure } from "../../failure.ts";
import type { Attach, AttachRequest } from "../attachment.ts";
import { attachToEvent } from "../perf-event.ts";

/** The perf event source of user probes (Linux 4.17). */
const source = "/sys/bus/event_source/devices/uprobe";
const ANY = -1;
const FIRST_CPU = 0;

/** A perf event of a place in a file's code, to which the program is linked. */
export const attachUprobe: Attach<UprobeTarget> = async (request) => {
  // Symbol tables of executables are read for probes alone.
  const { findExecutableSymbol } = await importHost(
    "symbols of executables",
    () => import("../../../../elf/executable-symbols.ts"),
  );
  return { parts: [attachToEvent(request, openProbe(request, findExecutableSymbol))] };
};

function openProbe(
  { sys, spec, target, action }: AttachRequest<UprobeTarget>,
  findSymbol: typeof findExecutableSymbol,
): Descriptor {
  const { path, pid = ANY, returns = findProgramKind(spec.kind)?.atReturn === true } = target;
  const attributes = new KernelStruct(PerfEventAttr, {
    type: Number(readSource("type", action)),
    config: returns ? 1n << returnBit(action) : 0n,
    uprobe_path: absolutePath(path),
    probe_offset: placeOf(target, action, findSymbol),
  });
  // A process on whatever CPU, or everybody: of the event's CPU nothing is asked then.
  const fd = sys.perfEventOpen(attributes, pid, pid === ANY ? FIRST_CPU : ANY);
  if (fd < 0) throw openFailure(fd, action, target);
  return new Descriptor(fd, `the event of program ${spec.name}`);
}

/** Offset in the file. */
function placeOf(
  { path, symbol, offset = 0 }: UprobeTarget,
  action: string,
  findSymbol: typeof findExecutableSymbol,
): number {
  const descriptor = open(path, action);
  try {
    const size = fileSize(descriptor);
    const start = symbol === undefined ? 0 : findSymbol(fileOf(descriptor, size), symbol).offset;
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
    return openRegular(path);
  } catch (cause) {
    throw refusal(cause, `${action} to ${path}`, (code) => {
      if (code === notRegular)
        return new EbpfError("BAD_OBJECT", `Cannot ${action} to ${path}: it is no file`, { cause });
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

function openFailure(result: number, action: string, { path, pid }: UprobeTarget): EbpfError {
  if (result === -Errno.ESRCH) return failure(result, action, "perf_event_open", `there is no process ${pid}`);
  if (result === -Errno.EINVAL) return failure(result, action, "perf_event_open", `${path} has no code to probe there`);
  return failure(result, action, "perf_event_open");
}
