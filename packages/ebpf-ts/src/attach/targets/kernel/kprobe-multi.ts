import { aBoolean, anArray, type Check, strings, wrongKind } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

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

const names: Check = (value, what) => {
  strings(value, what);
  if ((value as string[]).length === 0) throw wrongKind(what, "an array of names", value);
  for (const each of value as string[]) aName(each, what);
};

const cookies: Check = (value, what) => {
  anArray(value, what);
  for (const each of value as unknown[]) aCookie(each, what);
};

export const kprobeMulti: AttachKind<KprobeMultiTarget> = {
  kind: "kprobe_multi",
  title: "functions of the kernel",
  linkType: LinkType.KPROBE_MULTI,
  once: false,
  checks: { pattern: aName, symbols: names, cookies, returns: aBoolean },
  needs: [],
  check({ pattern, symbols, cookies: given }) {
    if ((pattern === undefined) === (symbols === undefined))
      throw new TypeError("attach() to functions of the kernel needs a pattern, or symbols");
    if (given !== undefined && given.length !== symbols?.length)
      throw new RangeError("attach() to functions of the kernel takes as many cookies as symbols");
  },
  parse: (rest) => (/^[\w.*?]+$/.test(rest) ? { kind: "kprobe_multi", pattern: rest } : undefined),
  write: ({ pattern, symbols = [] }) => pattern ?? symbols.join(","),
};
