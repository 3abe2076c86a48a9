import { LinkType } from "../../uapi/uapi.gen.ts";
import { aCookie } from "../a-cookie.ts";
import { aName } from "../a-name.ts";
import type { AttachKind } from "../attach-kind.ts";

/** A raw tracepoint whose arguments are typed by the kernel's BTF (Linux 5.5): the one that the program was loaded for. */
export interface TpBtfTarget {
  readonly kind: "tp_btf";
  /** Without a category: `sched_switch`. */
  readonly name: string;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 6.10); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const tpBtf: AttachKind<TpBtfTarget> = {
  kind: "tp_btf",
  title: "a typed tracepoint",
  linkType: LinkType.RAW_TRACEPOINT,
  once: false,
  checks: { name: aName, cookie: aCookie },
  needs: ["name"],
  parse: (rest) => (rest === "" ? undefined : { kind: "tp_btf", name: rest }),
  write: ({ name }) => name,
};
