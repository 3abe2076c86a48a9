import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { interfaceDetails } from "../net/interface-details.ts";

const details: LinkDetails = {
  read: ({ tcx }, _, sys) => ({ ...interfaceDetails(sys, tcx.ifindex), attachType: attachTypeName(tcx.attach_type) }),
  target({ ifindex, attachType }) {
    if (ifindex === 0) return undefined;
    const direction = attachType === attachTypeName(AttachType.TCX_EGRESS) ? "egress" : "ingress";
    return { kind: "tc", interface: Number(ifindex), direction, through: "tcx" };
  },
};

export const tcxLink: LinkKind = { canUpdate: true, detailsOf: () => details };
