import { aBoolean, anArray, aPath, type Check, integer, strings, wrongKind } from "../../base/checks.ts";
import { LinkType } from "../../uapi/uapi.gen.ts";
import { aCookie } from "../a-cookie.ts";
import { aName } from "../a-name.ts";
import { aProcess } from "../a-process.ts";
import type { AttachKind } from "../attach-kind.ts";

/** Many functions of one file at once, by one link: as fast to attach as a single one (kernel engine, Linux 6.6). */
export interface UprobeMultiTarget {
  readonly kind: "uprobe_multi";
  /** Of the executable or shared library, which is looked for as that of a {@link UprobeTarget} is. */
  readonly path: string;
  /** Of the functions' names: `*` stands for any letters, `?` for one. This, `symbols` or `offsets`. */
  readonly pattern?: string | undefined;
  /** The names themselves. */
  readonly symbols?: readonly string[] | undefined;
  /** Bytes from the start of the file. */
  readonly offsets?: readonly number[] | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits, for each of the `symbols` or `offsets`. */
  readonly cookies?: readonly (bigint | number)[] | undefined;
  /** Only where this process comes along; every process when left out; 0 is this one. */
  readonly pid?: number | undefined;
  /** Where they return rather than where they begin; by default as the section says (`uretprobe.multi`). Not for `uprobe.session`, which sees both. */
  readonly returns?: boolean | undefined;
}

/** At least one, each of which is right. */
function listOf(check: Check, what: string): Check {
  return (value, name) => {
    anArray(value, name);
    if ((value as unknown[]).length === 0) throw wrongKind(name, `an array of ${what}, at least one`, value);
    for (const each of value as unknown[]) check(each, name);
  };
}

const names: Check = (value, what) => {
  strings(value, what);
  listOf(aName, "names")(value, what);
};

export const uprobeMulti: AttachKind<UprobeMultiTarget> = {
  kind: "uprobe_multi",
  title: "functions of user space",
  linkType: LinkType.UPROBE_MULTI,
  once: false,
  checks: {
    path: aPath,
    pattern: aName,
    symbols: names,
    offsets: listOf(integer(0, Number.MAX_SAFE_INTEGER), "offsets"),
    cookies: listOf(aCookie, "cookies"),
    pid: aProcess,
    returns: aBoolean,
  },
  needs: ["path"],
  check({ pattern, symbols, offsets, cookies }) {
    if ([pattern, symbols, offsets].filter((each) => each !== undefined).length !== 1)
      throw new TypeError("attach() to functions of user space needs one of a pattern, symbols and offsets");
    if (cookies !== undefined && cookies.length !== (symbols ?? offsets)?.length)
      throw new RangeError("attach() to functions of user space takes as many cookies as symbols or offsets");
  },
  parse(rest) {
    const [, path, pattern] = /^(.+):([^:]+)$/.exec(rest) ?? [];
    return path === undefined || pattern === undefined ? undefined : { kind: "uprobe_multi", path, pattern };
  },
  write({ path, pattern, symbols, offsets = [] }) {
    return `${path}:${pattern ?? (symbols ?? offsets.map((each) => `0x${each.toString(16)}`)).join(",")}`;
  },
};
