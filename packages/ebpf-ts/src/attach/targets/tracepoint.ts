import { LinkType } from "../../uapi/uapi.gen.ts";
import { type Check, wrongKind } from "../../base/checks.ts";
import { aCookie } from "../a-cookie.ts";
import type { AttachKind } from "../attach-kind.ts";

/** A tracepoint, whose program gets the fields of its event (Linux 4.7). */
export interface TracepointTarget {
  readonly kind: "tracepoint";
  /** As in tracefs: `sched`. */
  readonly category: string;
  /** As in tracefs, without the category: `sched_switch`. */
  readonly name: string;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (kernel engine, Linux 5.15); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

const aFolder: Check = (value, what) => {
  if (typeof value !== "string" || !/^[\w-]+$/.test(value)) throw wrongKind(what, "a name in tracefs", value);
};

export const tracepoint: AttachKind<TracepointTarget> = {
  kind: "tracepoint",
  title: "a tracepoint",
  linkType: LinkType.PERF_EVENT,
  once: true,
  checks: { category: aFolder, name: aFolder, cookie: aCookie },
  needs: ["category", "name"],
  parse(rest) {
    const match = /^([\w-]+)\/([\w-]+)$/.exec(rest);
    return match === null ? undefined : { kind: "tracepoint", category: match[1]!, name: match[2]! };
  },
  write: ({ category, name }) => `${category}/${name}`,
};
