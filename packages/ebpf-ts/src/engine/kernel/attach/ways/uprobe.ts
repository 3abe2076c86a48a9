import type { UprobeTarget } from "../../../../attach/targets/uprobe.ts";
import { EbpfError } from "../../../../base/errors.ts";
import type { findExecutableSymbol } from "../../../../elf/executable/find-symbol.ts";
import { importHost } from "../../../../host/import-host.ts";
import { findProgramKind } from "../../../../kinds/find-program-kind.ts";
import type { Attach } from "../attachment.ts";
import { attachToEvent } from "../perf-event.ts";
import { findBinary } from "../user-space/find-binary.ts";
import { withExecutable } from "../user-space/open-executable.ts";
import { openUprobe } from "../user-space/open-uprobe.ts";

/** A perf event of a place in a file's code, to which the program is linked. */
export const attachUprobe: Attach<UprobeTarget> = async (request) => {
  // Symbol tables of executables are read for probes alone.
  const { findExecutableSymbol } = await importHost(
    "symbols of executables",
    () => import("../../../../elf/executable/find-symbol.ts"),
  );
  const { sys, spec, target, action } = request;
  const { pid, returns = findProgramKind(spec.kind)?.atReturn === true, cookie, refCtrOffset = 0 } = target;
  const path = findBinary(target.path, pid, action);
  const offset = placeOf({ ...target, path }, action, findExecutableSymbol);
  const event = openUprobe(sys, { path, offset, pid, returns, refCtrOffset }, action);
  return { parts: [attachToEvent(request, event, cookie)] };
};

/** Offset in the file. */
function placeOf(
  { path, symbol, offset = 0 }: UprobeTarget,
  action: string,
  findSymbol: typeof findExecutableSymbol,
): number {
  return withExecutable(path, action, (file) => {
    const start = symbol === undefined ? 0 : findSymbol(file, symbol).offset;
    if (start + offset < file.size) return start + offset;
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: offset ${offset} lies beyond the end of ${path}`);
  });
}
