import { aBoolean } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** The kernel's function for a system call, whatever its name is on this machine (kernel engine, Linux 4.1). */
export interface KsyscallTarget {
  readonly kind: "ksyscall";
  /** Of the system call: `unlinkat`. */
  readonly name: string;
  /** Where it returns rather than where it begins; by default as the section says (`kretsyscall`). */
  readonly returns?: boolean | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.15); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const ksyscall: AttachKind<KsyscallTarget> = {
  kind: "ksyscall",
  title: "a system call",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: { name: aName, returns: aBoolean, cookie: aCookie },
  needs: ["name"],
  parse: (rest) => (rest === "" ? undefined : { kind: "ksyscall", name: rest }),
  write: ({ name }) => name,
};
