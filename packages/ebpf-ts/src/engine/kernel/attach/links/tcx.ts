import { type LinkKind, toldByFields } from "../link-kind.ts";

export const tcxLink: LinkKind = toldByFields(true, ({ tcx }) => ({
  interface: tcx.ifindex,
  attachType: tcx.attach_type,
}));
