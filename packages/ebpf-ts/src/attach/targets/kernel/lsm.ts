import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** A hook of the security modules, whose program may deny what is asked there (kernel engine, Linux 5.7): the one that it was loaded for. */
export interface LsmTarget {
  readonly kind: "lsm";
  /** Of the hook: `file_open`; what the program was loaded for when left out. */
  readonly name?: string | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.19); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const lsm: AttachKind<LsmTarget> = {
  kind: "lsm",
  title: "an LSM hook",
  linkType: LinkType.TRACING,
  once: true,
  checks: { name: aName, cookie: aCookie },
  needs: [],
  bind: (target, attachTo) => ({ ...target, name: target.name ?? attachTo }),
  parse: (rest) => (rest === "" ? undefined : { kind: "lsm", name: rest }),
  write: ({ name = "" }) => name,
};
