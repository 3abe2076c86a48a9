import { aPath, oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { type AttachOrder, checkOrder, orderChecks, otherId, withIds } from "../../order.ts";

/**
 * What the processes of a cgroup, and of those below it, do with sockets, packets, devices and settings of the kernel: which of it, the program's section
 * says (kernel engine, links of Linux 5.7; an order among links of Linux 6.17, BPF_F_BEFORE and BPF_F_AFTER: another is named by its link).
 */
export interface CgroupTarget extends AttachOrder {
  readonly kind: "cgroup";
  /** Its folder in the hierarchy of version 2, or its path as /proc/PID/cgroup has it: `/sys/fs/cgroup/user.slice`. */
  readonly path: string;
  /** Of packets, where the section does not say which (`cgroup/skb`). */
  readonly direction?: "ingress" | "egress" | undefined;
}

const title = "a cgroup";

export const cgroup: AttachKind<CgroupTarget> = {
  kind: "cgroup",
  title,
  linkType: LinkType.CGROUP,
  once: false,
  checks: { path: aPath, direction: oneOf("ingress", "egress"), ...orderChecks },
  needs: ["path"],
  check(target) {
    checkOrder(target, title);
    const other = target.before ?? target.after;
    // The kernel says EINVAL.
    if (other !== undefined && other !== "all" && !otherId(other).isLink)
      throw new TypeError("attach() to a cgroup takes the other program's link, not the program itself");
  },
  bind: withIds,
  parse: () => undefined,
  write: ({ path }) => path,
};
