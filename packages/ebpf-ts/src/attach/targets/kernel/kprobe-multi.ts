import { aBoolean } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { checkFunctions, cookiesOf, namesOf } from "../../many-functions.ts";

/** Many functions of the kernel at once, by one link: as fast to attach as a single one (kernel engine, Linux 5.18). */
export interface KprobeMultiTarget {
  readonly kind: "kprobe_multi";
  /** Of their names: `*` stands for any letters, `?` for one. This, or `symbols`. */
  readonly pattern?: string | undefined;
  /** The names themselves. */
  readonly symbols?: readonly string[] | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits, for each of the `symbols`. */
  readonly cookies?: readonly (bigint | number)[] | undefined;
  /** Where they return rather than where they begin; by default as the section says (`kretprobe.multi`). Not for `kprobe.session`, which sees both. */
  readonly returns?: boolean | undefined;
}

export const kprobeMulti: AttachKind<KprobeMultiTarget> = {
  kind: "kprobe_multi",
  title: "functions of the kernel",
  linkType: LinkType.KPROBE_MULTI,
  once: false,
  checks: { pattern: aName, symbols: namesOf, cookies: cookiesOf, returns: aBoolean },
  needs: [],
  check: (target) => checkFunctions(target, kprobeMulti.title),
  parse: (rest) => (/^[\w.*?]+$/.test(rest) ? { kind: "kprobe_multi", pattern: rest } : undefined),
  write: ({ pattern, symbols = [] }) => pattern ?? symbols.join(","),
};
