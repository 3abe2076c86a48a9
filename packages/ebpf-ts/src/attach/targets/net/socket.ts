import { integer } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/**
 * A socket: the program says how much of each packet it receives, and 0 is none of it (SO_ATTACH_BPF, Linux 3.19). It takes the place of the
 * filter that the socket had.
 */
export interface SocketTarget {
  readonly kind: "socket";
  /** Descriptor of the socket: of one of Node's, `socket._handle.fd`. */
  readonly fd: number;
}

/** The kernel has no links of sockets. */
export const socket: AttachKind<SocketTarget> = {
  kind: "socket",
  title: "a socket",
  linkType: LinkType.UNSPEC,
  once: true,
  checks: { fd: integer(0, 0x7fff_ffff) },
  needs: ["fd"],
  parse: () => undefined,
  write: ({ fd }) => String(fd),
};
