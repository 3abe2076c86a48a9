import type { LinkInfo } from "../../../link.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";

/** Told since Linux 6.8: the file, how many places in it, and of which process. */
const details: LinkDetails = {
  ask: (path) => ({ uprobe_multi: { path, path_size: path.length } }),
  read({ uprobe_multi: { count, pid } }, path): LinkInfo["details"] {
    return path === "" ? {} : { path, places: count, ...(pid === 0 ? {} : { pid }) };
  },
};

export const uprobeMultiLink: LinkKind = { canUpdate: false, detailsOf: () => details };
