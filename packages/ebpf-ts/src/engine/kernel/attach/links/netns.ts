import { attachTypeName } from "../../../../uapi/type-names.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";

export const netnsLink: LinkKind = toldByFields(true, ({ netns }) => ({
  netns: netns.netns_ino,
  attachType: attachTypeName(netns.attach_type),
}));
