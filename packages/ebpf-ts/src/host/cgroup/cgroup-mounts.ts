/** Where the unified hierarchy (cgroups(7), version 2) is. */
import { EbpfError } from "../../base/errors.ts";
import { fileKind, fileSystemOf, realPath } from "../named-files.ts";
import { type Mount, mountsOf } from "../system-files.ts";

/** CGROUP2_SUPER_MAGIC */
const magic = 0x63677270;

/** For a sentence that says that none is mounted. */
export const howToMount = "mkdir /run/cgroup2 && mount -t cgroup2 none /run/cgroup2";

/** Whether the path is in it. Throws what the runtime throws. */
export function isCgroup2(path: string): boolean {
  return fileSystemOf(path) === magic;
}

/** Where the unified hierarchy is mounted. */
export function cgroupMounts(action: string): Mount[] {
  return mountsOf("cgroup2", action);
}

/** Where a folder that is one stands in the hierarchy, as /proc/self/cgroup has it. `action` follows "Cannot". */
export function cgroupPath(folder: string, action: string): string {
  const mounts = cgroupMounts(action).filter((mount) => `${folder}/`.startsWith(`${mount.folder}/`));
  const [mount] = mounts.sort((a, b) => b.folder.length - a.folder.length);
  if (mount === undefined) throw new EbpfError("NOT_FOUND", `Cannot ${action}: it is not known where it is mounted`);
  return `${mount.root === "/" ? "" : mount.root}${folder.slice(mount.folder.length)}` || "/";
}

/**
 * The folder of a cgroup, without links and dots. It is named by that folder, or as /proc/self/cgroup has it, from the root of the hierarchy
 * on. Throws NOT_FOUND when it is none, or is not there.
 */
export function cgroupFolder(name: string, action: string): string {
  const found = [name, ...foldersInMounts(name, action)].map(realPath).find(isCgroupFolder);
  if (found !== undefined) return found;
  if (cgroupMounts(action).length === 0) {
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: no cgroup hierarchy of version 2 is mounted (${howToMount})`);
  }
  const why = fileKind(name) === undefined ? `there is no folder ${name}` : `${name} is no cgroup`;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: ${why}; it takes one of the hierarchy of version 2 (type cgroup2), ` +
      "such as /sys/fs/cgroup/user.slice, or its path in there, as /proc/PID/cgroup has it",
  );
}

function foldersInMounts(path: string, action: string): string[] {
  if (!path.startsWith("/")) return [];
  return cgroupMounts(action).flatMap(({ root, folder }) => {
    const top = root === "/" ? "" : root;
    return path === root || path.startsWith(`${top}/`) ? [`${folder}${path.slice(top.length)}`] : [];
  });
}

function isCgroupFolder(path: string | undefined): path is string {
  return path !== undefined && fileKind(path) === "folder" && isCgroup2(path);
}
