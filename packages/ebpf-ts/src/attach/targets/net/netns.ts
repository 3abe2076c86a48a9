import { aPath } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** A network namespace: which socket gets what arrives (`sk_lookup`, Linux 5.9), and how flows are told apart (`flow_dissector`, links of 5.8). */
export interface NetnsTarget {
  readonly kind: "netns";
  /** A file of the namespace: `/proc/self/ns/net`, `/run/netns/blue`. */
  readonly path: string;
}

export const netns: AttachKind<NetnsTarget> = {
  kind: "netns",
  title: "a network namespace",
  linkType: LinkType.NETNS,
  once: false,
  checks: { path: aPath },
  needs: ["path"],
  parse: () => undefined,
  write: ({ path }) => path,
};
