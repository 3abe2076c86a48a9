/** Where the unified hierarchy (cgroups(7), version 2) is. */
import { realpathSync } from "node:fs";
import { EbpfError } from "../../base/errors.ts";
import { fileKind, fileSystemOf } from "../named-files.ts";
import { refusal } from "../refusal.ts";
import { readHostFile } from "../system-files.ts";

/** CGROUP2_SUPER_MAGIC */
const magic = 0x63677270;

/** Whether the path is in it. Throws what the runtime throws. */
export function isCgroup2(path: string): boolean {
  return fileSystemOf(path) === magic;
}

/** Where the unified hierarchy is mounted. */
export interface CgroupMount {
  /** Which part of it is mounted there, as this process sees it. */
  readonly root: string;
  readonly folder: string;
}

/** See proc_pid_mountinfo(5): spaces and the like are written as `\040`. */
export function cgroupMounts(action: string): CgroupMount[] {
  const lines = readHostFile("/proc/self/mountinfo", action).split("\n");
  return lines.flatMap((line) => {
    const [, , , root, folder] = line.split(" ");
    if (root === undefined || folder === undefined || !line.includes(" - cgroup2 ")) return [];
    return [{ root: unescaped(root), folder: unescaped(folder) }];
  });
}

function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/**
 * Where the folder stands in the hierarchy, as /proc/self/cgroup has it. Throws NOT_FOUND when it is none of it, or is not there. `action`
 * follows "Cannot".
 */
export function cgroupPath(folder: string, action: string): string {
  const real = realCgroup(folder, action);
  const mounts = cgroupMounts(action).filter((mount) => `${real}/`.startsWith(`${mount.folder}/`));
  const [mount] = mounts.sort((a, b) => b.folder.length - a.folder.length);
  if (mount === undefined) throw new EbpfError("NOT_FOUND", `Cannot ${action}: it is not known where it is mounted`);
  return `${mount.root === "/" ? "" : mount.root}${real.slice(mount.folder.length)}` || "/";
}

/** The folder, without links and dots. Throws as {@link cgroupPath} does. */
export function realCgroup(path: string, action: string): string {
  try {
    const real = realpathSync(path);
    if (isCgroup2(real) && fileKind(real) === "folder") return real;
  } catch (cause) {
    throw refusal(cause, action, (code) => {
      const why = code === "ENOENT" ? "there is no such folder" : `the system refuses (${code})`;
      return new EbpfError("NOT_FOUND", `Cannot ${action}: ${why}`, { cause });
    });
  }
  throw new EbpfError("NOT_FOUND", `Cannot ${action}: it is no folder of the hierarchy of version 2 (type cgroup2)`);
}
