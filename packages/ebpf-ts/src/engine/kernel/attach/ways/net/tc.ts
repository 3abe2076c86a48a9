import type { TcTarget } from "../../../../../attach/targets/net/tc.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachmentPart, AttachRequest } from "../../attachment.ts";
import { linkFailure, tryLink } from "../../create-link.ts";
import { findInterface } from "../../net/find-interface.ts";
import { relativePlace } from "../../net/relative.ts";
import { attachFilter } from "../../net/tc-filter.ts";
import { isKernelBefore } from "../../../kernel-release.ts";

type Direction = "ingress" | "egress";

const attachTypes = { ingress: AttachType.TCX_INGRESS, egress: AttachType.TCX_EGRESS } as const;

/** By tcx, or by clsact where the kernel has no tcx, or where something is told that is of clsact. */
export const attachTc: Attach<TcTarget> = async (request) => {
  const { sys, target, action } = request;
  const direction = directionOf(request);
  const ifindex = findInterface(sys, target.interface, action);
  const ofClsact = target.through === "clsact" || (target.priority ?? target.handle) !== undefined;
  return { parts: [ofClsact ? attachFilter(request, ifindex, direction) : attachTcx(request, ifindex, direction)] };
};

function attachTcx(request: AttachRequest<TcTarget>, ifindex: number, direction: Direction): AttachmentPart {
  const { target, action } = request;
  const { flags, relative } = relativePlace(target);
  const link = tryLink(request, {
    target: ifindex,
    attachType: attachTypes[direction],
    flags,
    fields: { tcx: relative },
  });
  if (typeof link !== "number") return { link };
  const mustBeTcx = target.through === "tcx" || (target.before ?? target.after) !== undefined;
  if (link === -Errno.EINVAL && !mustBeTcx && isKernelBefore("6.6")) return attachFilter(request, ifindex, direction);
  throw linkFailure(link, action, {
    what: "tcx links",
    since: "6.6",
    ofNetworks: true,
    meanings: {
      [Errno.ENOENT]: "what it is to come before or after is not there",
      [Errno.EEXIST]: "it is attached there already",
      [Errno.ERANGE]: "there are 64 programs there already",
    },
  });
}

function directionOf({ spec, target, action }: AttachRequest<TcTarget>): Direction {
  const { direction } = target;
  const named = (["ingress", "egress"] as const).find((each) => attachTypes[each] === spec.attachType);
  const found = direction ?? named;
  if (found === undefined)
    throw new TypeError(
      `Cannot ${action}: SEC("${spec.kind}") does not say which packets, give direction: "ingress" or "egress"`,
    );
  return found;
}
