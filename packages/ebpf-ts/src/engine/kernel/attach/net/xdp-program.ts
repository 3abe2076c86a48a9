import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { decodeAttributes, numberOf, structBytes } from "../../../../sys/net/netlink-message.ts";
import { BpfAttr, InterfaceMessage } from "../../../../uapi/structs.gen.ts";
import { Command, InterfaceAttr, NetlinkType } from "../../../../uapi/uapi.gen.ts";
import { programInfo } from "../../object-info.ts";

/** Which program an interface has, for a message; undefined where that cannot be told. */
export function xdpProgramOf(sys: Sys, ifindex: number): string | undefined {
  const body = structBytes(InterfaceMessage, { ifi_index: ifindex });
  const [answer] = sys.netlink({ type: NetlinkType.GETLINK, flags: 0, body }).messages;
  const xdp = answer && decodeAttributes(answer.body, InterfaceMessage.size).get(InterfaceAttr.XDP);
  const id = xdp && numberOf(decodeAttributes(xdp, 0).get(InterfaceAttr.XDP_PROG_ID));
  return id === undefined ? undefined : nameOf(sys, id);
}

/** The name takes CAP_SYS_ADMIN. */
function nameOf(sys: Sys, id: number): string {
  const fd = sys.bpf(Command.PROG_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { prog_id: id }));
  if (fd < 0) return `program ${id}`;
  const program = new Descriptor(fd, `program ${id}`);
  try {
    return `program ${programInfo(sys, program).name} (id ${id})`;
  } finally {
    program.close();
  }
}
