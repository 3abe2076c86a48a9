import type { SockmapTarget } from "../../../../../attach/targets/net/sockmap.ts";
import { EbpfError } from "../../../../../base/errors.ts";
import { Descriptor } from "../../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { BpfAttr } from "../../../../../uapi/structs.gen.ts";
import { AttachType, Command } from "../../../../../uapi/uapi.gen.ts";
import { check } from "../../../failure.ts";
import { isKernelBefore } from "../../../kernel-release.ts";
import type { Attach, AttachRequest } from "../../attachment.ts";
import { linkFailure, tryLink } from "../../create-link.ts";
import { attachToMap, refuseIfTaken } from "../../net/attach-to-map.ts";

const hooks = {
  stream_parser: AttachType.SK_SKB_STREAM_PARSER,
  stream_verdict: AttachType.SK_SKB_STREAM_VERDICT,
  verdict: AttachType.SK_SKB_VERDICT,
} as const;

/** By a link, or as older kernels have it: the map keeps the program then, until it is detached or the map ends. */
export const attachSockmap: Attach<SockmapTarget> = async (request) => {
  const { sys, program, action } = request;
  const attachType = attachTypeOf(request);
  const map = openMap(request);
  try {
    refuseIfTaken(sys, map, attachType, action);
    const link = tryLink(request, { target: map.fd, attachType });
    if (typeof link !== "number") {
      map.close();
      return { parts: [{ link }] };
    }
    if (link === -Errno.EINVAL && isKernelBefore("6.10"))
      return { parts: [attachToMap(sys, { map, program: program.fd, attachType, action })] };
    const taken = `a program is at ${attachType === AttachType.SK_MSG_VERDICT ? "sk_msg" : "sk_skb"} of the map already`;
    throw linkFailure(link, action, {
      what: "sockmap links",
      since: "6.10",
      ofNetworks: true,
      meanings: { [Errno.EBUSY]: taken, [Errno.EINVAL]: "that map holds no sockets" },
    });
  } catch (error) {
    map.close();
    throw error;
  }
};

function attachTypeOf({ spec, target, action }: AttachRequest<SockmapTarget>): number {
  const told = target.hook === undefined ? undefined : hooks[target.hook];
  if (told !== undefined && spec.attachType !== undefined && told !== spec.attachType)
    throw new TypeError(
      `Cannot ${action} with hook: "${target.hook}": SEC("${spec.kind}") says already what it is for`,
    );
  const found = told ?? spec.attachType;
  if (found !== undefined) return found;
  throw new TypeError(
    `Cannot ${action}: SEC("${spec.kind}") does not say what of it, give hook: "stream_parser", "stream_verdict" or "verdict"`,
  );
}

/** A descriptor of its own, to detach by. */
function openMap({ sys, target: { map }, action, mapOf }: AttachRequest<SockmapTarget>): Descriptor {
  if (typeof map === "number") {
    const fd = sys.bpf(Command.MAP_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { map_id: map }));
    if (fd === -Errno.ENOENT) throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no map of id ${map}`);
    return new Descriptor(check(fd, `${action}, open map ${map}`), `map ${map}`);
  }
  const known = mapOf(map);
  if (known === undefined) throw new EbpfError("NOT_FOUND", `Cannot ${action}: its object has no map ${map}`);
  return new Descriptor(check(sys.duplicate(known.fd), action, "fcntl"), `map ${map}`);
}
