import { oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { anInterface } from "../../an-interface.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { type AttachOrder, checkOrder, orderChecks, withIds } from "../../order.ts";

/** Packets that a pair of netkit devices sends (kernel engine, Linux 6.7). */
export interface NetkitTarget extends AttachOrder {
  readonly kind: "netkit";
  /** Name, or index, of the primary device, in the network namespace of this process. */
  readonly interface: string | number;
  /** Which of the pair sends them. By default as the section says (`netkit/primary`, `netkit/peer`). */
  readonly side?: "primary" | "peer" | undefined;
}

const title = "a pair of netkit devices";

export const netkit: AttachKind<NetkitTarget> = {
  kind: "netkit",
  title,
  linkType: LinkType.NETKIT,
  once: false,
  checks: { interface: anInterface, side: oneOf("primary", "peer"), ...orderChecks },
  needs: ["interface"],
  check: (target) => checkOrder(target, title),
  bind: withIds,
  parse: () => undefined,
  write: (target) => [target.interface, target.side ?? []].flat().join(" "),
};
