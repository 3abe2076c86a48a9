import type { CgroupOrder, IterTarget } from "../../../../attach/targets/iter.ts";
import { EbpfError } from "../../../../base/errors.ts";
import { isThere } from "../../../../host/system-files.ts";
import type { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { BpfIterLinkInfo } from "../../../../uapi/structs.gen.ts";
import { AttachType, CgroupIterOrder } from "../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest } from "../attachment.ts";
import { createLink, type LinkPlace } from "../create-link.ts";
import { openCgroup } from "../net/open-cgroup.ts";

type Request = AttachRequest<IterTarget>;
type Info = KernelStruct<typeof BpfIterLinkInfo>;

/** To the iterator that the verifier was told of. */
export const attachIter: Attach<IterTarget> = async (request) => {
  const { target, action } = request;
  const { cgroup, map } = target;
  checkTask(target, action);
  const group = cgroup === undefined ? undefined : openCgroup(cgroup, action);
  try {
    const place = placeOf(request, group);
    const meaning = map === undefined ? "it does not walk what it was told" : `it does not walk maps of that type`;
    const meanings = { [Errno.EINVAL]: meaning, [Errno.EACCES]: "the program reads more than a value of that map has" };
    return { parts: [{ link: createLink(request, place, { what: "links of iterators", since: "5.8", meanings }) }] };
  } finally {
    group?.close();
  }
};

function placeOf(request: Request, group: Descriptor | undefined): LinkPlace {
  const attachType = AttachType.TRACE_ITER;
  const info = infoOf(request, group);
  if (info === undefined) return { attachType };
  return { attachType, fields: { iter_info: info.bytes, iter_info_len: info.bytes.length } };
}

/** Which part of it all is walked; undefined for all. */
function infoOf({ target, action, mapOf }: Request, group: Descriptor | undefined): Info | undefined {
  const { map, tid, pid, order = "descendants" } = target;
  const info = new KernelStruct(BpfIterLinkInfo);
  if (group !== undefined) return info.assign({ cgroup: { order: orders[order], cgroup_fd: group.fd } });
  if (tid !== undefined) return info.assign({ task: { tid } });
  if (pid !== undefined) return info.assign({ task: { pid } });
  if (map === undefined) return undefined;
  const found = mapOf(map);
  if (found === undefined) throw new EbpfError("NOT_FOUND", `Cannot ${action}: the object has no map ${map}`);
  return info.assign({ map: { map_fd: found.fd } });
}

const orders: Readonly<Record<CgroupOrder, number>> = {
  self: CgroupIterOrder.SELF_ONLY,
  descendants: CgroupIterOrder.DESCENDANTS_PRE,
  "descendants-last": CgroupIterOrder.DESCENDANTS_POST,
  ancestors: CgroupIterOrder.ANCESTORS_UP,
};

/** Of one that does not exist the kernel would walk nothing. */
function checkTask({ tid, pid }: IterTarget, action: string): void {
  const [what, id] = tid === undefined ? ["process", pid] : ["thread", tid];
  if (id === undefined || !isThere("/proc/self") || isThere(`/proc/${id}`)) return;
  throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no ${what} ${id}`);
}
