import { integer, oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { anInterface } from "../../an-interface.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { type AttachOrder, checkOrder, orderChecks, withIds } from "../../order.ts";

/**
 * Packets that a network interface receives (`ingress`) or sends (`egress`): by tcx where the kernel has it (Linux 6.6), which makes links and has an
 * order, or else as a filter of the queueing discipline clsact (Linux 4.5), with direct action.
 */
export interface TcTarget extends AttachOrder {
  readonly kind: "tc";
  /** Name, or index, in the network namespace of this process: `eth0`. */
  readonly interface: string | number;
  /** By default as the section says (`tcx/ingress`, `tc/egress`). */
  readonly direction?: "ingress" | "egress" | undefined;
  /** Only this way, whatever the kernel has. `before`, `after` and `revision` are for `tcx`, `priority` and `handle` for `clsact`. */
  readonly through?: "tcx" | "clsact" | undefined;
  /** Of the filter, from 1 to 65535, the least first. By default the kernel takes one below those that are there. */
  readonly priority?: number | undefined;
  /** Number of the filter among those of its priority. By default the kernel takes one. */
  readonly handle?: number | undefined;
}

const title = "the traffic control of an interface";

export const tc: AttachKind<TcTarget> = {
  kind: "tc",
  title,
  linkType: LinkType.TCX,
  once: false,
  checks: {
    interface: anInterface,
    direction: oneOf("ingress", "egress"),
    through: oneOf("tcx", "clsact"),
    priority: integer(1, 0xffff),
    handle: integer(1, 0xffff_ffff),
    ...orderChecks,
  },
  needs: ["interface"],
  check(target) {
    checkOrder(target, title);
    const { before, after, revision, priority, handle } = target;
    const [ofTcx, ofClsact] = [
      [before, after, revision],
      [priority, handle],
    ].map((options) => options.some((each) => each !== undefined));
    if (ofTcx && ofClsact)
      throw new TypeError(
        `attach() to ${title} takes before, after and revision with tcx, priority and handle with clsact, and not both`,
      );
    if (ofTcx && target.through === "clsact")
      throw new TypeError(`attach() to ${title} takes before, after and revision with tcx only`);
    if (ofClsact && target.through === "tcx")
      throw new TypeError(`attach() to ${title} takes priority and handle with clsact only`);
  },
  bind: withIds,
  parse: () => undefined,
  write: (target) => [target.interface, target.direction ?? []].flat().join(" "),
};
