import type { KprobeMultiTarget } from "../../../../../attach/targets/kernel/kprobe-multi.ts";
import { NotSupportedError } from "../../../../../base/errors.ts";
import { findProgramKind } from "../../../../../kinds/find-program-kind.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType, KprobeMultiFlag } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest } from "../../attachment.ts";
import { createLink, tryLink } from "../../create-link.ts";
import { findFunctions, findSymbols } from "../../kernel-functions/traceable-functions.ts";

const refusals = {
  what: "links of many kprobes",
  since: "5.18",
  meanings: {
    [Errno.EINVAL]: "the kernel does not trace one of these functions",
    [Errno.E2BIG]: "these are more functions than the kernel takes at once",
  },
} as const;

/** A kernel that has them calls it invalid to probe nothing. */
function refuseWithoutFprobes(request: AttachRequest<KprobeMultiTarget>, attachType: number): void {
  if (tryLink(request, { attachType, fields: { kprobe_multi: { cnt: 0 } } }) !== -Errno.EOPNOTSUPP) return;
  const message = `Cannot ${request.action}: this kernel has no kprobes for many functions (CONFIG_FPROBE)`;
  throw new NotSupportedError("kprobe_multi", message);
}

/** BPF_LINK_CREATE, with the addresses of all functions. */
export const attachKprobeMulti: Attach<KprobeMultiTarget> = async (request) => {
  const { spec, target, action } = request;
  const { pattern, symbols, cookies, returns = findProgramKind(spec.kind)?.atReturn === true } = target;
  const attachType = spec.attachType ?? AttachType.TRACE_KPROBE_MULTI;
  if (returns && attachType === AttachType.TRACE_KPROBE_SESSION) {
    const why = "a session sees where functions begin and where they return, leave returns away";
    throw new NotSupportedError("kprobe.session with returns", `Cannot ${action}: ${why}`);
  }
  refuseWithoutFprobes(request, attachType);
  const addresses =
    pattern === undefined ? await findSymbols(symbols ?? [], action) : await findFunctions(pattern, action);
  const fields = {
    kprobe_multi: {
      flags: returns ? KprobeMultiFlag.RETURN : 0,
      cnt: addresses.length,
      addrs: BigUint64Array.from(addresses),
      ...(cookies === undefined ? {} : { cookies: BigUint64Array.from(cookies, BigInt) }),
    },
  };
  return { parts: [{ link: createLink(request, { attachType, fields }, refusals) }] };
};
