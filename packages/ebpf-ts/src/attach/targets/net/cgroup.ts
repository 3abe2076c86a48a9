import { aPath, oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/**
 * What the processes of a cgroup, and of those below it, do with sockets, packets, devices and settings of the kernel: which of it, the program's section
 * says (kernel engine, links of Linux 5.7).
 */
export interface CgroupTarget {
  readonly kind: "cgroup";
  /** Its folder in the hierarchy of version 2, or its path as /proc/PID/cgroup has it: `/sys/fs/cgroup/user.slice`. */
  readonly path: string;
  /** Of packets, where the section does not say which (`cgroup/skb`). */
  readonly direction?: "ingress" | "egress" | undefined;
}

export const cgroup: AttachKind<CgroupTarget> = {
  kind: "cgroup",
  title: "a cgroup",
  linkType: LinkType.CGROUP,
  once: false,
  checks: { path: aPath, direction: oneOf("ingress", "egress") },
  needs: ["path"],
  parse: () => undefined,
  write: ({ path }) => path,
};
