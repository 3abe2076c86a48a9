import type { CgroupTarget } from "../../../../../attach/targets/net/cgroup.ts";
import { NotSupportedError } from "../../../../../base/errors.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { QueriedPrograms } from "../../../../queried-programs.ts";
import type { Attach, AttachRequest, Query } from "../../attachment.ts";
import { linkFailure, tryLink } from "../../create-link.ts";
import { openCgroup } from "../../net/open-cgroup.ts";
import { queryPrograms } from "../../net/query-programs.ts";
import { relativePlace } from "../../net/relative.ts";
import { isKernelBefore } from "../../../kernel-release.ts";

export const attachCgroup: Attach<CgroupTarget> = async (request) => {
  const { target, action } = request;
  const attachType = attachTypeOf(request);
  if (target.revision !== undefined) refuseLsm(attachType, `${action} by a revision`);
  const group = openCgroup(target.path, action);
  try {
    const { flags, relative } = relativePlace(target);
    const place = { target: group.fd, attachType, flags, fields: { cgroup: relative } };
    // Older kernels do not look at that field.
    if (target.revision !== undefined && queryGroup(request, group.fd).revision === undefined)
      throw withoutRevisions(action);
    const link = tryLink(request, place);
    if (typeof link !== "number") return { parts: [{ link }] };
    if (link === -Errno.EINVAL && flags !== 0 && isKernelBefore("6.17")) throw withoutOrder(action);
    throw linkFailure(link, action, refusals(target.path));
  } finally {
    group.close();
  }
};

export const queryCgroup: Query<CgroupTarget> = async (request) => {
  refuseLsm(attachTypeOf(request), request.action);
  const group = openCgroup(request.target.path, request.action);
  try {
    return queryGroup(request, group.fd);
  } finally {
    group.close();
  }
};

function queryGroup(request: AttachRequest<CgroupTarget>, target: number): QueriedPrograms {
  const { sys, action } = request;
  const place = { target, attachType: attachTypeOf(request), hasLinkIds: false };
  return queryPrograms(sys, place, action, refusals(request.target.path));
}

/** BPF_PROG_QUERY takes BPF_LSM_CGROUP for all hooks, and gives no revision. */
function refuseLsm(attachType: number, action: string): void {
  if (attachType !== AttachType.LSM_CGROUP) return;
  const message = `Cannot ${action}: of SEC("lsm_cgroup/…") the kernel tells what is attached to a cgroup at all hooks together, and no revision`;
  throw new NotSupportedError("query lsm_cgroup", message);
}

function withoutRevisions(action: string): NotSupportedError {
  const message = `Cannot ${action} by a revision: this kernel does not count those of cgroups (Linux 6.17)`;
  return new NotSupportedError("revision of cgroups", message, "6.17");
}

function withoutOrder(action: string): NotSupportedError {
  const message = `Cannot ${action} before or after another: this kernel has no order among links of cgroups (Linux 6.17)`;
  return new NotSupportedError("order of cgroup links", message, "6.17");
}

const refusals = (folder: string) => ({
  what: "cgroup links",
  since: "5.7",
  ofNetworks: true,
  meanings: {
    [Errno.EPERM]: `a program of ${folder}, or of a cgroup above it, lets no other run beside it, or a privilege is missing`,
    [Errno.ENOENT]: `what it is to come before or after is not there, or ${folder} is being removed`,
    [Errno.EEXIST]: `it is attached to ${folder} already`,
    [Errno.E2BIG]: `${folder} has as many programs of that kind as it can have`,
    [Errno.EINVAL]: "this kernel does not know what its section names, or the program was loaded for another",
  },
});

const directions = { ingress: AttachType.CGROUP_INET_INGRESS, egress: AttachType.CGROUP_INET_EGRESS } as const;

function attachTypeOf({ spec, target, action }: AttachRequest<CgroupTarget>): number {
  const { direction } = target;
  const told = direction === undefined ? undefined : directions[direction];
  const attachType = spec.attachType ?? told;
  if (attachType === undefined) {
    throw new TypeError(
      `Cannot ${action}: SEC("${spec.kind}") does not say which packets, give direction: "ingress" or "egress"`,
    );
  }
  if (told !== undefined && told !== attachType)
    throw new TypeError(`Cannot ${action} to ${direction}: its section says otherwise, SEC("${spec.kind}")`);
  return attachType;
}
