import type { XdpTarget } from "../../../../../attach/targets/net/xdp.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { AttachType, XdpFlag } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { linkFailure, tryLink } from "../../create-link.ts";
import { findInterface } from "../../net/find-interface.ts";
import { xdpProgramOf } from "../../net/xdp-program.ts";

const flags = { native: XdpFlag.DRV_MODE, generic: XdpFlag.SKB_MODE, offload: XdpFlag.HW_MODE } as const;

export const attachXdp: Attach<XdpTarget> = async (request) => {
  const { sys, target, action } = request;
  const { mode } = target;
  const ifindex = findInterface(sys, target.interface, action);
  const place = { target: ifindex, attachType: AttachType.XDP, flags: mode === undefined ? 0 : flags[mode] };
  const link = tryLink(request, place);
  if (typeof link !== "number") return { parts: [{ link }] };
  const [where, there] = [`interface ${target.interface}`, xdpProgramOf(sys, ifindex) ?? "a program"];
  throw linkFailure(link, action, {
    what: "XDP links",
    since: "5.9",
    ofNetworks: true,
    meanings: {
      [Errno.EBUSY]: `${where} has ${there} already, and takes one: detach that, or update its link`,
      [Errno.EEXIST]: `${where} has ${there} in another mode already`,
      [Errno.EOPNOTSUPP]: `the driver of ${where} cannot do that, use mode: "generic"`,
      [Errno.EINVAL]: `${where} does not take this program so: mode "offload" takes one that was loaded for the card`,
    },
  });
};
