/** A program as a filter of clsact: cls_bpf with direct action, which says itself what becomes of a packet (Linux 4.4). */
import type { TcTarget } from "../../../../attach/targets/net/tc.ts";
import { EbpfError } from "../../../../base/errors.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import type { NetlinkAnswer } from "../../../../sys/net/netlink.ts";
import {
  type Attribute,
  decodeAttributes,
  numberOf,
  structBytes,
  viewOf,
} from "../../../../sys/net/netlink-message.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { TrafficControlMessage } from "../../../../uapi/structs.gen.ts";
import { NetlinkFlag, NetlinkType, TcAttr, TcNumber } from "../../../../uapi/uapi.gen.ts";
import { readValues } from "../../../../uapi/values.ts";
import type { AttachmentPart, AttachRequest } from "../attachment.ts";
import { interfaceDetails } from "./interface-details.ts";
import { needClsact, parents, releaseClsact } from "./clsact.ts";
import { netlinkFailure } from "./netlink-failure.ts";

/** ETH_P_ALL, in the order of bytes of the network. */
const everyProtocol = 0x0300;

interface FilterPlace {
  readonly ifindex: number;
  readonly parent: number;
  readonly priority: number;
  readonly handle: number;
}

/** Keeps the program attached until it is closed: nothing else does, not even the end of the process. */
export function attachFilter(
  request: AttachRequest<TcTarget>,
  ifindex: number,
  direction: "ingress" | "egress",
): AttachmentPart {
  const { sys, program, target, action, spec } = request;
  needClsact(sys, ifindex, direction, action);
  try {
    const { priority = 0, handle = 0 } = target;
    const wanted = { ifindex, parent: parents[direction], priority, handle };
    const place = addFilter(sys, wanted, program.fd, spec.name, action);
    let id = filterAt(sys, place);
    return {
      link: undefined,
      noLink: { why: "it is a filter of clsact, and pins take tcx", since: "6.6" },
      beside: [{ close: () => removeFilter(sys, place, id, `detach program ${spec.name}`) }],
      details: { ...interfaceDetails(sys, ifindex), direction, priority: place.priority, handle: place.handle },
      update(other, doing) {
        const flags = NetlinkFlag.CREATE | NetlinkFlag.REPLACE;
        const answer = askFilter(sys, NetlinkType.NEWTFILTER, flags, place, programOptions(other, spec.name));
        if (answer.result < 0) throw netlinkFailure(answer, doing);
        id = filterAt(sys, place);
      },
    };
  } catch (error) {
    releaseClsact(sys, ifindex);
    throw error;
  }
}

/** The kernel chooses what is not told, and tells it in its echo. */
function addFilter(sys: Sys, wanted: FilterPlace, program: number, name: string, action: string): FilterPlace {
  const flags = NetlinkFlag.CREATE | NetlinkFlag.EXCL | NetlinkFlag.ECHO;
  const answer = askFilter(sys, NetlinkType.NEWTFILTER, flags, wanted, programOptions(program, name));
  if (answer.result === -Errno.EEXIST) {
    const where = `handle ${wanted.handle} of priority ${wanted.priority}`;
    throw new EbpfError("BUSY", `Cannot ${action}: a filter has ${where} there already`);
  }
  if (answer.result < 0)
    throw netlinkFailure(
      answer,
      action,
      answer.result === -Errno.ENOENT ? "this kernel has no filters by eBPF (module cls_bpf)" : undefined,
    );
  const echo = answer.messages.find(({ type }) => type === NetlinkType.NEWTFILTER);
  if (echo === undefined) return wanted;
  const { tcm_handle, tcm_info } = readValues(viewOf(echo.body), 0, TrafficControlMessage.fields);
  return { ...wanted, handle: tcm_handle, priority: tcm_info >>> 16 };
}

/** One that somebody has put in its place meanwhile is theirs. Throws where it stays: it can be tried again. */
function removeFilter(sys: Sys, place: FilterPlace, id: number | undefined, action: string): void {
  const now = filterAt(sys, place);
  if (now !== undefined && now === id) {
    const answer = askFilter(sys, NetlinkType.DELTFILTER, 0, place, []);
    // Somebody else was faster.
    if (answer.result < 0 && answer.result !== -Errno.ENOENT) throw netlinkFailure(answer, action);
  }
  releaseClsact(sys, place.ifindex);
}

/** The id of the program that a filter has; undefined where there is no such filter. */
function filterAt(sys: Sys, place: FilterPlace): number | undefined {
  const { result, messages } = askFilter(sys, NetlinkType.GETTFILTER, 0, place, []);
  const [found] = messages;
  if (result < 0 || found === undefined) return undefined;
  const options = decodeAttributes(found.body, TrafficControlMessage.size).get(TcAttr.OPTIONS);
  return options && numberOf(decodeAttributes(options, 0).get(TcAttr.BPF_ID));
}

function programOptions(program: number, name: string): readonly Attribute[] {
  return [
    [
      TcAttr.OPTIONS,
      [
        [TcAttr.BPF_FD, program],
        [TcAttr.BPF_NAME, name],
        [TcAttr.BPF_FLAGS, TcNumber.BPF_FLAG_ACT_DIRECT],
      ],
    ],
  ];
}

function askFilter(
  sys: Sys,
  type: number,
  flags: number,
  place: FilterPlace,
  options: readonly Attribute[],
): NetlinkAnswer {
  const body = structBytes(TrafficControlMessage, {
    tcm_ifindex: place.ifindex,
    tcm_handle: place.handle,
    tcm_parent: place.parent,
    tcm_info: ((place.priority << 16) | everyProtocol) >>> 0,
  });
  return sys.netlink({ type, flags, body, attributes: [[TcAttr.KIND, "bpf"], ...options] });
}
