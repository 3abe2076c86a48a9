import { integer, oneOf, wrongKind, type Check } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { AttachKind } from "../../attach-kind.ts";

/**
 * What the sockets of a map (sockmap or sockhash) send (`sk_msg`) or receive (`sk_skb`); one program for each of it (kernel engine, Linux 4.14, links of
 * Linux 6.10). It is for sockets that are put into the map afterwards.
 */
export interface SockmapTarget {
  readonly kind: "sockmap";
  /** Name of a map of the same object, or the id of any (`info.id`). */
  readonly map: string | number;
  /** Where the section does not say which (`sk_skb`). */
  readonly hook?: "stream_parser" | "stream_verdict" | "verdict" | undefined;
}

const anId = integer(1, 0xffff_ffff);

const aMap: Check = (value, what) => {
  if (typeof value === "number") return anId(value, what);
  if (typeof value !== "string" || value === "") throw wrongKind(what, "the name of a map, or its id", value);
};

export const sockmap: AttachKind<SockmapTarget> = {
  kind: "sockmap",
  title: "a map of sockets",
  linkType: LinkType.SOCKMAP,
  once: true,
  checks: { map: aMap, hook: oneOf("stream_parser", "stream_verdict", "verdict") },
  needs: ["map"],
  parse: () => undefined,
  write: ({ map }) => String(map),
};
