import { integer } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/**
 * A group of sockets that are bound to the same port (SO_REUSEPORT): the program says which of them gets a packet or a connection
 * (SO_ATTACH_REUSEPORT_EBPF, Linux 4.19; detached since 5.3). It takes the place of the one that the group had.
 */
export interface ReuseportTarget {
  readonly kind: "reuseport";
  /** Descriptor of a socket of the group: of one of Node's, `socket._handle.fd`. */
  readonly fd: number;
}

/** The kernel has no links of sockets. */
export const reuseport: AttachKind<ReuseportTarget> = {
  kind: "reuseport",
  title: "a group of sockets of one port",
  linkType: LinkType.UNSPEC,
  once: true,
  checks: { fd: integer(0, 0x7fff_ffff) },
  needs: ["fd"],
  parse: () => undefined,
  write: ({ fd }) => String(fd),
};
