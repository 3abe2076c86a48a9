import type { XdpTarget } from "../../../../../attach/targets/net/xdp.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType, XdpFlag } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { createLink } from "../../create-link.ts";
import { findInterface } from "../../net/find-interface.ts";

const flags = { native: XdpFlag.DRV_MODE, generic: XdpFlag.SKB_MODE, offload: XdpFlag.HW_MODE } as const;

export const attachXdp: Attach<XdpTarget> = async (request) => {
  const { sys, target, action } = request;
  const { mode } = target;
  const place = {
    target: findInterface(sys, target.interface, action),
    attachType: AttachType.XDP,
    flags: mode === undefined ? 0 : flags[mode],
  };
  const link = createLink(request, place, {
    what: "XDP links",
    since: "5.9",
    ofNetworks: true,
    meanings: {
      [Errno.EBUSY]: `interface ${target.interface} has an XDP program already, and takes one: detach that, or update its link`,
      [Errno.EEXIST]: `interface ${target.interface} has an XDP program of another mode already`,
      [Errno.EOPNOTSUPP]: `the driver of interface ${target.interface} cannot do that, use mode: "generic"`,
      [Errno.EINVAL]: `interface ${target.interface} does not take this program so: mode "offload" takes one that was loaded for the card`,
    },
  });
  return { parts: [{ link }] };
};
