import type { TcTarget } from "../../../../../attach/targets/net/tc.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachmentPart, AttachRequest, Query } from "../../attachment.ts";
import { linkFailure, type LinkRefusals, tryLink } from "../../create-link.ts";
import { findInterface } from "../../net/find-interface.ts";
import { queryPrograms } from "../../net/query-programs.ts";
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
  return {
    parts: [isOfClsact(target) ? attachFilter(request, ifindex, direction) : attachTcx(request, ifindex, direction)],
  };
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
  const mustBeTcx = target.through === "tcx" || (target.before ?? target.after ?? target.revision) !== undefined;
  if (link === -Errno.EINVAL && !mustBeTcx && isKernelBefore("6.6")) return attachFilter(request, ifindex, direction);
  throw linkFailure(link, action, refusals);
}

const refusals: LinkRefusals = {
  what: "tcx links",
  since: "6.6",
  ofNetworks: true,
  meanings: {
    [Errno.ENOENT]: "what it is to come before or after is not there",
    [Errno.EEXIST]: "it is attached there already",
    [Errno.ERANGE]: "there are 64 programs there already",
  },
};

/** Of tcx alone. */
export const queryTc: Query<TcTarget> = async (request) => {
  const { sys, target, action } = request;
  const attachType = attachTypes[directionOf(request)];
  if (isOfClsact(target))
    throw new TypeError(`Cannot ${action}: it is of tcx that the kernel tells, and not of clsact`);
  const ifindex = findInterface(sys, target.interface, action);
  return queryPrograms(sys, { target: ifindex, attachType, hasLinkIds: true }, action, refusals);
};

function isOfClsact({ through, priority, handle }: TcTarget): boolean {
  return through === "clsact" || (priority ?? handle) !== undefined;
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
