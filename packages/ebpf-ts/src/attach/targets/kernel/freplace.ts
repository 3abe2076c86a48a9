import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** A global function of another eBPF program, which the program runs in the place of (kernel engine, Linux 5.6): the one that it was loaded for. */
export interface FreplaceTarget {
  readonly kind: "freplace";
  /** Of the function; what the program was loaded for when left out. */
  readonly name?: string | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.19); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const freplace: AttachKind<FreplaceTarget> = {
  kind: "freplace",
  title: "a function of another program",
  linkType: LinkType.TRACING,
  once: true,
  checks: { name: aName, cookie: aCookie },
  needs: [],
  bind: (target, attachTo) => ({ ...target, name: target.name ?? attachTo }),
  parse: (rest) => (rest === "" ? undefined : { kind: "freplace", name: rest }),
  write: ({ name = "" }) => name,
};
