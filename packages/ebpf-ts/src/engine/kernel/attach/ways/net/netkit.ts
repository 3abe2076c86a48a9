import type { NetkitTarget } from "../../../../../attach/targets/net/netkit.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest, Query } from "../../attachment.ts";
import { createLink, type LinkRefusals } from "../../create-link.ts";
import { findInterface } from "../../net/find-interface.ts";
import { queryPrograms } from "../../net/query-programs.ts";
import { relativePlace } from "../../net/relative.ts";

const sides = { primary: AttachType.NETKIT_PRIMARY, peer: AttachType.NETKIT_PEER } as const;

export const attachNetkit: Attach<NetkitTarget> = async (request) => {
  const { sys, target, action } = request;
  const attachType = attachTypeOf(request);
  const ifindex = findInterface(sys, target.interface, action);
  const { flags, relative } = relativePlace(target);
  const place = { target: ifindex, attachType, flags, fields: { netkit: relative } };
  return { parts: [{ link: createLink(request, place, refusals(target)) }] };
};

export const queryNetkit: Query<NetkitTarget> = async (request) => {
  const { sys, target, action } = request;
  const attachType = attachTypeOf(request);
  const ifindex = findInterface(sys, target.interface, action);
  return queryPrograms(sys, { target: ifindex, attachType, hasLinkIds: true }, action, refusals(target));
};

function attachTypeOf({ spec, target: { side }, action }: AttachRequest<NetkitTarget>): number {
  const attachType = side === undefined ? spec.attachType : sides[side];
  if (attachType !== undefined) return attachType;
  throw new TypeError(
    `Cannot ${action}: SEC("${spec.kind}") does not say of which device, give side: "primary" or "peer"`,
  );
}

const refusals = (target: NetkitTarget): LinkRefusals => ({
  what: "netkit links",
  since: "6.7",
  ofNetworks: true,
  meanings: {
    [Errno.EINVAL]: `interface ${target.interface} is no netkit device, or this kernel has none`,
    [Errno.EACCES]: `interface ${target.interface} is the peer of a pair: programs are attached to its primary device`,
    [Errno.ENXIO]: `interface ${target.interface} is no netkit device`,
    [Errno.ENOENT]: "what it is to come before or after is not there",
    [Errno.ERANGE]: "there are 64 programs there already",
  },
});
