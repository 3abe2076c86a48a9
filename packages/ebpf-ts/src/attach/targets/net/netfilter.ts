import { aBoolean, integer, oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** A hook of netfilter in the network namespace of this process (kernel engine, Linux 6.4). */
export interface NetfilterTarget {
  readonly kind: "netfilter";
  readonly family: "ipv4" | "ipv6";
  readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  /** When it runs among what is at the hook: from -2147483647 to 2147483646, the least first. No two programs have the same there. */
  readonly priority: number;
  /** Packets in fragments are put together first (Linux 6.6): the priority is above -400 then. */
  readonly defrag?: boolean | undefined;
}

/** NF_IP_PRI_CONNTRACK_DEFRAG */
const defragPriority = -400;

export const netfilter: AttachKind<NetfilterTarget> = {
  kind: "netfilter",
  title: "a hook of netfilter",
  linkType: LinkType.NETFILTER,
  once: false,
  checks: {
    family: oneOf("ipv4", "ipv6"),
    hook: oneOf("prerouting", "input", "forward", "output", "postrouting"),
    // The kernel keeps both ends of the range for itself.
    priority: integer(-0x7fff_ffff, 0x7fff_fffe),
    defrag: aBoolean,
  },
  needs: ["family", "hook", "priority"],
  check({ defrag, priority }) {
    if (defrag === true && priority <= defragPriority) {
      throw new RangeError(
        `The option priority of attach() to a hook of netfilter must be above ${defragPriority} with defrag, not ${priority}`,
      );
    }
  },
  parse: () => undefined,
  write: ({ family, hook, priority }) => `${family} ${hook} ${priority}`,
};
