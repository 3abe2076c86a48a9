import { attachTypeName } from "../../../../uapi/type-names.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";
import { interfaceDetails } from "../net/interface-details.ts";

export const tcxLink: LinkKind = toldByFields(true, ({ tcx }, sys) => ({
  ...interfaceDetails(sys, tcx.ifindex),
  attachType: attachTypeName(tcx.attach_type),
}));
