import { EbpfError } from "../../../../base/errors.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { BpfAttr } from "../../../../uapi/structs.gen.ts";
import { Command } from "../../../../uapi/uapi.gen.ts";
import { adminFailure } from "../../failure.ts";

/** What the kernel has under a number, for as long as `put` runs (BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID: CAP_SYS_ADMIN). `map` is for errors. */
export function putById(
  sys: Sys,
  what: "program" | "map",
  id: number,
  map: string,
  put: (value: Uint8Array) => void,
): void {
  const [command, attributes] =
    what === "program"
      ? [Command.PROG_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { prog_id: id })]
      : [Command.MAP_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { map_id: id })];
  const fd = sys.bpf(command, attributes);
  const action = `put ${what} ${id} into map ${map}`;
  if (fd === -Errno.ENOENT) throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no ${what} with that id`);
  if (fd < 0) throw adminFailure(fd, action);
  const held = new Descriptor(fd, `${what} ${id}`);
  try {
    put(new Uint8Array(Uint32Array.of(held.fd).buffer));
  } finally {
    held.close();
  }
}
