/** The queueing discipline clsact (Linux 4.5), at which filters see what an interface receives and sends. An interface has one, or none. */
import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import type { NetlinkAnswer } from "../../../../sys/net/netlink.ts";
import { type Attribute, decodeAttributes, structBytes, textOf, viewOf } from "../../../../sys/net/netlink-message.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { TrafficControlMessage } from "../../../../uapi/structs.gen.ts";
import { NetlinkFlag, NetlinkType, TcAttr, TcNumber } from "../../../../uapi/uapi.gen.ts";
import { readValues } from "../../../../uapi/values.ts";
import { netlinkFailure } from "./netlink-failure.ts";

const { CLSACT } = TcNumber;
/** ffff: — its major number. */
const major = 0xffff_0000;

/** Where its filters are, by which way packets go. */
export const parents: Readonly<Record<"ingress" | "egress", number>> = {
  ingress: (major | TcNumber.MIN_INGRESS) >>> 0,
  egress: (major | TcNumber.MIN_EGRESS) >>> 0,
};

/** Interfaces whose clsact this thread has made: it is taken away with the last filter. */
const made = new Set<number>();

/** Makes it, unless it is there. `action` follows "Cannot". */
export function needClsact(sys: Sys, ifindex: number, direction: keyof typeof parents, action: string): void {
  const create = NetlinkFlag.CREATE | NetlinkFlag.EXCL;
  const answer = askQdisc(sys, NetlinkType.NEWQDISC, create, ifindex, [[TcAttr.KIND, "clsact"]]);
  if (answer.result === 0) {
    made.add(ifindex);
    return;
  }
  if (answer.result === -Errno.ENOENT) {
    const message = `Cannot ${action}: this kernel has no clsact (Linux 4.5, module sch_ingress)`;
    throw new NotSupportedError("clsact", message, "4.5");
  }
  if (answer.result !== -Errno.EEXIST) throw netlinkFailure(answer, action);
  const kind = qdiscKind(sys, ifindex);
  // What is given to the older one for packets that are sent would see those that are received.
  if (kind === "clsact" || direction === "ingress") return;
  throw new EbpfError(
    "BUSY",
    `Cannot ${action}: the interface has the queueing discipline ${kind}, in whose place clsact would be`,
  );
}

/** Where this thread has made it and nobody's filter is left, it is removed. */
export function releaseClsact(sys: Sys, ifindex: number): void {
  if (!made.has(ifindex)) return;
  if (Object.values(parents).some((parent) => hasFilters(sys, ifindex, parent))) return;
  made.delete(ifindex);
  askQdisc(sys, NetlinkType.DELQDISC, 0, ifindex, []);
}

function askQdisc(
  sys: Sys,
  type: number,
  flags: number,
  ifindex: number,
  attributes: readonly Attribute[],
): NetlinkAnswer {
  const body = structBytes(TrafficControlMessage, { tcm_ifindex: ifindex, tcm_parent: CLSACT, tcm_handle: major });
  return sys.netlink({ type, flags, body, attributes });
}

function qdiscKind(sys: Sys, ifindex: number): string | undefined {
  const body = structBytes(TrafficControlMessage, { tcm_ifindex: ifindex });
  const { messages } = sys.netlink({ type: NetlinkType.GETQDISC, flags: NetlinkFlag.DUMP, body });
  const found = messages.find((each) => {
    const { tcm_parent, tcm_ifindex } = readValues(viewOf(each.body), 0, TrafficControlMessage.fields);
    return tcm_parent === CLSACT && tcm_ifindex === ifindex;
  });
  return found && textOf(decodeAttributes(found.body, TrafficControlMessage.size).get(TcAttr.KIND));
}

function hasFilters(sys: Sys, ifindex: number, parent: number): boolean {
  const body = structBytes(TrafficControlMessage, { tcm_ifindex: ifindex, tcm_parent: parent });
  const { messages } = sys.netlink({ type: NetlinkType.GETTFILTER, flags: NetlinkFlag.DUMP, body });
  return messages.length > 0;
}
