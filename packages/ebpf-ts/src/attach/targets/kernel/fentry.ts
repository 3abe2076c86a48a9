import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

/**
 * A function of the kernel, whose arguments are typed by the kernel's BTF (kernel engine, Linux 5.5): the one that the program was loaded
 * for, where it begins (`fentry`), where it returns (`fexit`), or in its place (`fmod_ret`).
 */
export interface FentryTarget {
  readonly kind: "fentry";
  /** Of the function: `do_unlinkat`; what the program was loaded for when left out. */
  readonly name?: string | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.19); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const fentry: AttachKind<FentryTarget> = {
  kind: "fentry",
  title: "a typed function of the kernel",
  linkType: LinkType.TRACING,
  once: true,
  checks: { name: aName, cookie: aCookie },
  needs: [],
  bind: (target, attachTo) => ({ ...target, name: target.name ?? attachTo }),
  parse: (rest) => (rest === "" ? undefined : { kind: "fentry", name: rest }),
  write: ({ name = "" }) => name,
};
