import { oneOf } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { anInterface } from "../../an-interface.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** Packets that a network interface receives, before the kernel makes anything of them (XDP; kernel engine, links of Linux 5.9). */
export interface XdpTarget {
  readonly kind: "xdp";
  /** Name, or index, in the network namespace of this process: `eth0`. */
  readonly interface: string | number;
  /**
   * Who runs it: the driver (`native`), the kernel with any driver, later and slower (`generic`), or the card (`offload`). By default the driver where it
   * can, or else the kernel.
   */
  readonly mode?: "native" | "generic" | "offload" | undefined;
}

export const xdp: AttachKind<XdpTarget> = {
  kind: "xdp",
  title: "XDP of an interface",
  linkType: LinkType.XDP,
  once: true,
  checks: { interface: anInterface, mode: oneOf("native", "generic", "offload") },
  needs: ["interface"],
  parse: () => undefined,
  write: (target) => String(target.interface),
};
