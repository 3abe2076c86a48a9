import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { interfaceDetails } from "../net/interface-details.ts";

const details: LinkDetails = {
  read: ({ netkit }, _, sys) => ({
    ...interfaceDetails(sys, netkit.ifindex),
    attachType: attachTypeName(netkit.attach_type),
  }),
  target({ ifindex, attachType }) {
    if (ifindex === 0) return undefined;
    const side = attachType === attachTypeName(AttachType.NETKIT_PEER) ? "peer" : "primary";
    return { kind: "netkit", interface: Number(ifindex), side };
  },
};

export const netkitLink: LinkKind = { canUpdate: true, detailsOf: () => details };
