import { type LinkKind, toldByFields } from "../link-kind.ts";

export const xdpLink: LinkKind = toldByFields(true, ({ xdp }) => ({ interface: xdp.ifindex }));
