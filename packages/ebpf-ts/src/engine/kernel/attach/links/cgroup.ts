import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { cgroupById } from "../net/cgroup-by-id.ts";

const directions: Readonly<Record<string, "ingress" | "egress">> = {
  [attachTypeName(AttachType.CGROUP_INET_INGRESS)]: "ingress",
  [attachTypeName(AttachType.CGROUP_INET_EGRESS)]: "egress",
};

const details: LinkDetails = {
  read({ cgroup: { cgroup_id, attach_type } }, _, sys) {
    const path = cgroupById(sys, cgroup_id);
    const known = { cgroupId: Number(cgroup_id), attachType: attachTypeName(attach_type) };
    return path === undefined ? known : { path, ...known };
  },
  target({ path, attachType }) {
    if (path === undefined) return undefined;
    const direction = directions[String(attachType)];
    return { kind: "cgroup", path: String(path), ...(direction === undefined ? {} : { direction }) };
  },
};

export const cgroupLink: LinkKind = { canUpdate: true, detailsOf: () => details };
