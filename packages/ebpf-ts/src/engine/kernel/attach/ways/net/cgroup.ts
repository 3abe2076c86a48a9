import type { CgroupTarget } from "../../../../../attach/targets/net/cgroup.ts";
import { cgroupFolder } from "../../../../../host/cgroup/cgroup-mounts.ts";
import { openNamed } from "../../../../../host/named-files.ts";
import { closeFile } from "../../../../../host/open-files.ts";
import { Descriptor } from "../../../../../sys/ffi/descriptor.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest } from "../../attachment.ts";
import { createLink } from "../../create-link.ts";

export const attachCgroup: Attach<CgroupTarget> = async (request) => {
  const { target, action } = request;
  const attachType = attachTypeOf(request);
  const folder = cgroupFolder(target.path, action);
  const group = new Descriptor(openNamed(folder, "read"), `the cgroup ${folder}`, closeFile);
  try {
    const place = { target: group.fd, attachType };
    return { parts: [{ link: createLink(request, place, refusals(folder)) }] };
  } finally {
    group.close();
  }
};

const refusals = (folder: string) => ({
  what: "cgroup links",
  since: "5.7",
  ofNetworks: true,
  meanings: {
    [Errno.EPERM]: `a program of ${folder}, or of a cgroup above it, lets no other run beside it, or a privilege is missing`,
    [Errno.ENOENT]: `${folder} is being removed`,
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
