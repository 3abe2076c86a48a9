import { addressOf, errno, func } from "../ffi/libc.ts";
import { FileHandle } from "../../uapi/structs.gen.ts";
import { OpenFlag } from "../../uapi/uapi.gen.ts";

/** FILEID_KERNFS: files of cgroups and sysfs, by 64 bits. */
const KERNFS = 0xfe;

/**
 * Opens the folder of a file system of the kernel's own, such as a cgroup, by its id (open_by_handle_at(2), Linux 5.5; CAP_DAC_READ_SEARCH). `mount` is a
 * descriptor of anything in the file system. Gives a descriptor, or the negative errno.
 */
export function openByHandle(mount: number, id: bigint): number {
  const { handle_bytes, handle_type } = FileHandle.fields;
  const handle = new DataView(new ArrayBuffer(FileHandle.size + 8));
  handle.setUint32(handle_bytes.at, 8, true);
  handle.setInt32(handle_type.at, KERNFS, true);
  handle.setBigUint64(FileHandle.size, id, true);
  const open = func("int open_by_handle_at(int mount, intptr_t handle, int flags)");
  const result = open(mount, addressOf(handle), OpenFlag.CLOEXEC);
  return result < 0 ? -errno() : result;
}
