import { type LinkKind, toldByFields } from "../link-kind.ts";

export const netnsLink: LinkKind = toldByFields(true, ({ netns }) => ({
  netns: netns.netns_ino,
  attachType: netns.attach_type,
}));
