import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { checkFunctions, cookiesOf, namesOf } from "../../many-functions.ts";

/**
 * Many functions of the kernel at once, by one link, as `fentry` sees each (kernel engine, Linux 7.2): where they begin (`fentry.multi`), where they
 * return (`fexit.multi`), or both (`fsession.multi`). The program reads arguments with `bpf_get_func_arg`.
 */
export interface FentryMultiTarget {
  readonly kind: "fentry_multi";
  /** Of their names: `*` stands for any letters, `?` for one; those of a module are `module:pattern`. This, or `symbols`. */
  readonly pattern?: string | undefined;
  /** The names themselves. */
  readonly symbols?: readonly string[] | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits, for each of the `symbols`. */
  readonly cookies?: readonly (bigint | number)[] | undefined;
}

export const fentryMulti: AttachKind<FentryMultiTarget> = {
  kind: "fentry_multi",
  title: "typed functions of the kernel",
  linkType: LinkType.TRACING_MULTI,
  once: false,
  checks: { pattern: aName, symbols: namesOf, cookies: cookiesOf },
  needs: [],
  check: (target) => checkFunctions(target, fentryMulti.title),
  parse: (rest) => (/^(?:[\w-]+:)?[\w.*?]+$/.test(rest) ? { kind: "fentry_multi", pattern: rest } : undefined),
  write: ({ pattern, symbols = [] }) => pattern ?? symbols.join(","),
};
