import { cgroupFolder } from "../../../../host/cgroup/cgroup-mounts.ts";
import { openNamed } from "../../../../host/named-files.ts";
import { closeFile } from "../../../../host/open-files.ts";
import { refusal } from "../../../../host/refusal.ts";
import { EbpfError } from "../../../../base/errors.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";

/** A group by its folder, or by its path in the hierarchy. `action` follows "Cannot". Throws NOT_FOUND when there is none. */
export function openCgroup(name: string, action: string): Descriptor {
  const folder = cgroupFolder(name, action);
  try {
    return new Descriptor(openNamed(folder, "read"), `the cgroup ${folder}`, closeFile);
  } catch (cause) {
    throw refusal(cause, action, (code) => {
      return new EbpfError("NOT_FOUND", `Cannot ${action}: ${folder} cannot be opened (${code})`, { cause });
    });
  }
}
