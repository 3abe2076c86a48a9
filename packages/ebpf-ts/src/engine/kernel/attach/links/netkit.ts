import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { interfaceDetails } from "../net/interface-details.ts";

/** Of a program that is for the peer, the kernel names that device, and attaching takes the primary one. */
const details: LinkDetails = {
  read: ({ netkit }, _, sys) => ({
    ...interfaceDetails(sys, netkit.ifindex),
    attachType: attachTypeName(netkit.attach_type),
  }),
  target({ ifindex, attachType }) {
    if (ifindex === 0 || attachType !== attachTypeName(AttachType.NETKIT_PRIMARY)) return undefined;
    return { kind: "netkit", interface: Number(ifindex), side: "primary" };
  },
};

export const netkitLink: LinkKind = { canUpdate: true, detailsOf: () => details };
