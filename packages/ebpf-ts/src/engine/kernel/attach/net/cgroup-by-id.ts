import { cgroupMounts } from "../../../../host/cgroup/cgroup-mounts.ts";
import { openNamed } from "../../../../host/named-files.ts";
import { closeFile } from "../../../../host/open-files.ts";
import { linkTarget } from "../../../../host/system-files.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";

/** Its folder, where the hierarchy of version 2 is mounted; undefined where that cannot be told: it takes CAP_DAC_READ_SEARCH, and Linux 5.5. */
export function cgroupById(sys: Sys, id: bigint): string | undefined {
  try {
    const [mount] = cgroupMounts("find a cgroup");
    if (mount === undefined) return undefined;
    const top = new Descriptor(openNamed(mount.folder, "read"), "the cgroups", closeFile);
    try {
      return folderOf(sys.openByHandle(top.fd, id));
    } finally {
      top.close();
    }
  } catch {
    return undefined;
  }
}

function folderOf(fd: number): string | undefined {
  if (fd < 0) return undefined;
  const group = new Descriptor(fd, "a cgroup");
  try {
    return linkTarget(`/proc/self/fd/${group.fd}`);
  } finally {
    group.close();
  }
}
