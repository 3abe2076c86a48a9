import { EbpfError } from "../../../base/errors.ts";
import { fileKind, fileSystemOf } from "../../../host/named-files.ts";
import { notPermitted, refusalCode } from "../../../host/refusal.ts";
import { linuxSys } from "../../../sys/ffi/linux.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { KernelMap } from "./kernel-map.ts";
import { type KernelMapTypes, mapTypes } from "./map-types.ts";
import { openMapById, openPinnedMap } from "./open-kernel-map.ts";
import { BPF_FS_MAGIC, dotReason, isDotted } from "../pin.ts";

export interface ReopenedMap {
  readonly map: KernelMap;
  /** As the kernel has them. */
  readonly types: KernelMapTypes | undefined;
}

/** A map that is pinned at `path` (BPF_OBJ_GET). */
export function reopenPinned(path: string, sys: Sys = linuxSys()): Promise<ReopenedMap> {
  checkPinPath(path);
  return withTypes(sys, openPinnedMap(sys, path));
}

/** A map by the kernel's number of it (BPF_MAP_GET_FD_BY_ID). */
export function reopenById(id: number, sys: Sys = linuxSys()): Promise<ReopenedMap> {
  return withTypes(sys, openMapById(sys, id));
}

async function withTypes(sys: Sys, map: KernelMap): Promise<ReopenedMap> {
  try {
    return { map, types: await mapTypes(sys, map) };
  } catch (error) {
    map.close();
    throw error;
  }
}

/** The kernel answers EACCES to all that is wrong here. */
export function checkPinPath(path: string): void {
  let [type, isFolder] = [0, false];
  try {
    type = fileSystemOf(path);
    isFolder = fileKind(path) === "folder";
  } catch (cause) {
    const forbidden = notPermitted(cause, `open ${path}`);
    if (forbidden !== undefined) throw forbidden;
    const code = refusalCode(cause);
    const dotted = code === "EPERM" && isDotted(path);
    const denied = !dotted && (code === "EACCES" || code === "EPERM");
    const why = dotted
      ? dotReason
      : denied
        ? "this user may not look there"
        : code === "ENOENT" || code === "ENOTDIR"
          ? "there is nothing at that path"
          : `the system says ${code}`;
    throw new EbpfError(denied ? "NO_PRIVILEGE" : "NOT_FOUND", `Cannot open ${path}: ${why}`, { cause });
  }
  if (type !== BPF_FS_MAGIC) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot open ${path}: it is not in a bpf file system, so that nothing can be pinned there`,
    );
  }
  if (isFolder) throw new EbpfError("NOT_FOUND", `Cannot open ${path}: it is a folder, name what is pinned in it`);
}
