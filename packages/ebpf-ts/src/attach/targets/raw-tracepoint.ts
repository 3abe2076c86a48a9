import { LinkType } from "../../uapi/uapi.gen.ts";
import { aCookie } from "../a-cookie.ts";
import { aName } from "../a-name.ts";
import type { AttachKind } from "../attach-kind.ts";

/** A tracepoint, whose program gets the arguments of the call in the kernel (BPF_RAW_TRACEPOINT_OPEN, Linux 4.17). */
export interface RawTracepointTarget {
  readonly kind: "raw_tracepoint";
  /** Without a category: `sched_switch`. */
  readonly name: string;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 6.10); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const rawTracepoint: AttachKind<RawTracepointTarget> = {
  kind: "raw_tracepoint",
  title: "a raw tracepoint",
  linkType: LinkType.RAW_TRACEPOINT,
  once: false,
  checks: { name: aName, cookie: aCookie },
  needs: ["name"],
  parse: (rest) => (rest === "" ? undefined : { kind: "raw_tracepoint", name: rest }),
  write: ({ name }) => name,
};
