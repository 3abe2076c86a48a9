import { type LinkKind, toldByFields } from "./link-kind.ts";
import { linkKinds } from "./links.gen.ts";

/** Those of newer kernels may be replaced for all that is known of them: the kernel says so if not. */
const unknown: LinkKind = toldByFields(true, () => ({}));

/** By BPF_LINK_TYPE_*. */
export function findLinkKind(type: number): LinkKind {
  return linkKinds[type] ?? unknown;
}
