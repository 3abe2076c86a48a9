import { attachTypeName } from "../../../../uapi/type-names.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";

export const cgroupLink: LinkKind = toldByFields(true, ({ cgroup }) => ({
  cgroup: Number(cgroup.cgroup_id),
  attachType: attachTypeName(cgroup.attach_type),
}));
