import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { families, hooks, IP_DEFRAG, nameOf } from "../net/netfilter-names.ts";

const details: LinkDetails = {
  read({ netfilter: { pf, hooknum, priority, flags } }) {
    return {
      family: nameOf(families, pf) ?? pf,
      hook: nameOf(hooks, hooknum) ?? hooknum,
      priority,
      defrag: flags & IP_DEFRAG,
    };
  },
  target({ family, hook, priority, defrag }) {
    const [known, at] = [nameOf(families, families[family as "ipv4"]), nameOf(hooks, hooks[hook as "input"])];
    if (known === undefined || at === undefined) return undefined;
    return { kind: "netfilter", family: known, hook: at, priority: Number(priority), defrag: defrag !== 0 };
  },
};

/** bpf_nf_link_update refuses (EPERM) up to Linux 6.18 at least. */
export const netfilterLink: LinkKind = { canUpdate: false, detailsOf: () => details };
