import type { FentryMultiTarget } from "../../../../../attach/targets/kernel/fentry-multi.ts";
import { moduleIn } from "../../../../../attach/module-in.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach, AttachRequest } from "../../attachment.ts";
import { createLink } from "../../create-link.ts";
import { typedFunctions } from "../../kernel-functions/typed-functions.ts";

const refusals = {
  what: "links of many typed functions",
  since: "7.2",
  meanings: {
    [Errno.EINVAL]: "the kernel does not let such a program see one of these functions",
    [Errno.ENOENT]: "the kernel does not trace one of these functions",
    [Errno.E2BIG]: "these are more functions than the kernel takes at once",
    [Errno.EOPNOTSUPP]: "this kernel has no such links on this machine, use kprobe.multi",
  },
} as const;

/** BPF_LINK_CREATE, with what the functions are called by in the kernel's types. */
export const attachFentryMulti: Attach<FentryMultiTarget> = async (request) => {
  const { sys, spec, target, action } = request;
  checkModule(request);
  const ids = await typedFunctions(sys, { ...target, module: moduleIn(spec.attachTo) }, action);
  const { cookies } = target;
  const fields = {
    tracing_multi: {
      ids: Uint32Array.from(ids),
      cnt: ids.length,
      ...(cookies === undefined ? {} : { cookies: BigUint64Array.from(cookies, BigInt) }),
    },
  };
  const attachType = spec.attachType ?? AttachType.TRACE_FENTRY_MULTI;
  return { parts: [{ link: createLink(request, { attachType, fields }, refusals) }] };
};

/** The kernel looks for all numbers in the types that the program was loaded for. */
function checkModule({ spec, target, action }: AttachRequest<FentryMultiTarget>): void {
  const [loaded, told] = [spec.attachTo, target.pattern ?? spec.attachTo].map(moduleIn);
  if (loaded === told) return;
  const of = (module: string | undefined): string => (module === undefined ? "the kernel itself" : `module ${module}`);
  throw new TypeError(`Cannot ${action} to functions of ${of(told)}: it was loaded for those of ${of(loaded)}`);
}
