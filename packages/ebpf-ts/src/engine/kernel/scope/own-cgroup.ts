import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { cgroupsIn, makeCgroup, removeCgroup } from "../../../host/cgroup/cgroup-files.ts";
import { cgroupMounts, howToMount } from "../../../host/cgroup/cgroup-mounts.ts";
import { missingOf } from "../privilege.ts";
import { refusal, refusalCode } from "../../../host/refusal.ts";
import { isProcess } from "../../../host/signals.ts";
import { isThere, linkTarget, readHostFile } from "../../../host/system-files.ts";
import { pid, uniqueName } from "../../../host/this-process.ts";

const action = "keep to the events of a command";
const everybody =
  'scope: "system" (ebpf run --all) is for everybody\'s events, and engine: "embedded" (ebpf run --engine embedded) needs no cgroup';

/** The folder of the cgroup (version 2) that this process is in. */
export function ownCgroup(): string {
  const path = isThere("/proc/self/cgroup")
    ? /^0::(.*)$/m.exec(readHostFile("/proc/self/cgroup", action))?.[1]
    : undefined;
  if (path !== undefined) {
    for (const { root, folder } of cgroupMounts(action)) {
      const top = root === "/" ? "" : root;
      if (path === root || path.startsWith(`${top}/`)) return `${folder}${path.slice(top.length)}`.replace(/\/$/, "");
    }
  }
  throw new NotSupportedError(
    "cgroup v2",
    `Cannot ${action}: that takes a cgroup of its own, and no cgroup hierarchy of version 2 is mounted ` +
      `where this process is in it (${howToMount}); ${everybody}`,
  );
}

/** Names of groups of ours: whose processes count in which namespace, and which. */
function prefix(): string {
  return `ebpf-ts.${/\d+/.exec(linkTarget("/proc/self/ns/pid"))?.[0] ?? "0"}.`;
}

/** Makes an empty group below that of this process. Takes root, or a part of the hierarchy that was delegated to this user. */
export function makeGroup(): string {
  const parent = ownCgroup();
  sweep(parent);
  const folder = `${parent}/${prefix()}${uniqueName()}`;
  try {
    makeCgroup(folder);
    return folder;
  } catch (cause) {
    throw refusal(cause, action, (code) => {
      const why = `that takes a cgroup of its own, and none can be made in ${parent} (${code}): ${remedies[code] ?? "see cgroups(7)"}`;
      const told = (also: string): string => `Cannot ${action}: ${why}${also}; ${everybody}`;
      return code === "EACCES" || code === "EPERM"
        ? new EbpfError("NO_PRIVILEGE", told(whatElse()), { cause })
        : new NotSupportedError("cgroup", told(""), undefined, { cause });
    });
  }
}

/** A delegated group alone is of no use to who may load no programs. */
function whatElse(): string {
  const missing = missingOf(["CAP_BPF", "CAP_PERFMON"]);
  return missing.length === 0 ? "" : `; programs take ${missing.join(" and ")} besides, or root`;
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: "run as root, or where the group is delegated to this user (systemd-run --user --scope)",
  EPERM: "run as root, or where the group is delegated to this user (systemd-run --user --scope)",
  EROFS: "it is mounted read-only, as in most containers",
  EAGAIN: "its limits (cgroup.max.descendants, cgroup.max.depth) are reached",
};

/** Groups that are left of processes that were killed. One that still has somebody in it stays. */
function sweep(parent: string): void {
  const own = prefix();
  for (const name of tried(() => cgroupsIn(parent)) ?? []) {
    const owner = name.startsWith(own) ? Number.parseInt(name.slice(own.length), 10) : pid;
    if (owner === pid || isProcess(owner)) continue;
    removeGroup(`${parent}/${name}`);
  }
}

/** With those below it, if they are empty. Undefined when it is gone, or else why it is not: `EBUSY`. */
export function removeGroup(folder: string): string | undefined {
  for (const name of tried(() => cgroupsIn(folder)) ?? []) tried(() => removeCgroup(`${folder}/${name}`));
  try {
    removeCgroup(folder);
    return undefined;
  } catch (cause) {
    const code = refusalCode(cause);
    return code === "ENOENT" ? undefined : code;
  }
}

/** Undefined where the system refuses. */
function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
