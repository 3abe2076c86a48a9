import type { NetfilterTarget } from "../../../../../attach/targets/net/netfilter.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { createLink } from "../../create-link.ts";
import { families, hooks, IP_DEFRAG } from "../../net/netfilter-names.ts";

export const attachNetfilter: Attach<NetfilterTarget> = async (request) => {
  const { family, hook, priority, defrag = false } = request.target;
  const netfilter = { pf: families[family], hooknum: hooks[hook], priority, flags: defrag ? IP_DEFRAG : 0 };
  const link = createLink(
    request,
    { attachType: AttachType.NETFILTER, fields: { netfilter } },
    {
      what: "netfilter links",
      since: defrag ? "6.6" : "6.4",
      ofNetworks: true,
      meanings: {
        [Errno.EBUSY]: `something has priority ${priority} at ${hook} of ${family} already, give another`,
        [Errno.EAFNOSUPPORT]: `this kernel was built without netfilter of ${family}`,
        [Errno.ENOENT]: `this kernel cannot put fragments of ${family} together: nf_defrag_${family} is missing`,
      },
    },
  );
  return { parts: [{ link }] };
};
