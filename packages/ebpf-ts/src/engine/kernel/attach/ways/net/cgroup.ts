import type { CgroupTarget } from "../../../../../attach/targets/net/cgroup.ts";
import { NotSupportedError } from "../../../../../base/errors.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest } from "../../attachment.ts";
import { linkFailure, tryLink } from "../../create-link.ts";
import { openCgroup } from "../../net/open-cgroup.ts";
import { relativePlace } from "../../net/relative.ts";
import { isKernelBefore } from "../../../kernel-release.ts";

export const attachCgroup: Attach<CgroupTarget> = async (request) => {
  const { target, action } = request;
  const attachType = attachTypeOf(request);
  const group = openCgroup(target.path, action);
  try {
    const { flags, relative } = relativePlace(target);
    const place = { target: group.fd, attachType, flags, fields: { cgroup: relative } };
    const link = tryLink(request, place);
    if (typeof link !== "number") return { parts: [{ link }] };
    if (link === -Errno.EINVAL && flags !== 0 && isKernelBefore("6.17")) throw withoutOrder(action);
    throw linkFailure(link, action, refusals(target.path));
  } finally {
    group.close();
  }
};

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
