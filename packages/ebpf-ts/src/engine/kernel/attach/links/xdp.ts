import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { interfaceDetails } from "../net/interface-details.ts";

/** The kernel does not tell the mode. */
const details: LinkDetails = {
  read: ({ xdp }, _, sys) => interfaceDetails(sys, xdp.ifindex),
  target: ({ ifindex }) => (ifindex === 0 ? undefined : { kind: "xdp", interface: Number(ifindex) }),
};

export const xdpLink: LinkKind = { canUpdate: true, detailsOf: () => details };
