import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import type { ValuesOf } from "../../../uapi/layout.ts";
import type { BpfLinkInfo } from "../../../uapi/structs.gen.ts";
import { LinkType, PerfLinkType, ProgType } from "../../../uapi/uapi.gen.ts";
import type { LinkInfo } from "../../link.ts";
import type { LinkDetails } from "./attachment.ts";
import { rawTracepointDetails } from "./open-raw-tracepoint.ts";
import { categoryOf } from "./trace-folder.ts";
import { tracepointDetails } from "./ways/tracepoint.ts";
import { uprobeDetails } from "./ways/uprobe.ts";

/** What the kernel says of a link without being given room for names. */
export type LinkFields = ValuesOf<(typeof BpfLinkInfo)["fields"]>;

/** How to ask, of a link that somebody else has made, where it is; and what that is for attach(). */
interface FoundLink {
  readonly details: LinkDetails;
  /** Undefined where the kernel does not tell all of it. */
  target(details: LinkInfo["details"], programType: number | undefined): AttachTarget | undefined;
}

const rawTracepoint: FoundLink = {
  details: rawTracepointDetails,
  target({ tracepoint }, programType) {
    if (programType === undefined) return undefined;
    return { kind: programType === ProgType.TRACING ? "tp_btf" : "raw_tracepoint", name: String(tracepoint) };
  },
};

const tracepoint: FoundLink = {
  details: tracepointDetails,
  target({ tracepoint: name }) {
    const category = name === undefined ? undefined : categoryOf(String(name));
    return category === undefined ? undefined : { kind: "tracepoint", category, name: String(name) };
  },
};

function probe(returns: boolean): FoundLink {
  return {
    details: uprobeDetails,
    target({ path, offset }) {
      return path === undefined ? undefined : { kind: "uprobe", path: String(path), offset: Number(offset), returns };
    },
  };
}

const byNumber = (read: (fields: LinkFields) => LinkInfo["details"]): FoundLink => ({
  details: { ask: () => ({}), read },
  target: () => undefined,
});

const iterator: FoundLink = {
  details: {
    ask: (name) => ({ iter: { target_name: name, target_name_len: name.length } }),
    read: (_, target) => ({ target }),
  },
  target: () => undefined,
};

const links: Readonly<Record<number, FoundLink>> = {
  [LinkType.RAW_TRACEPOINT]: rawTracepoint,
  [LinkType.ITER]: iterator,
  [LinkType.CGROUP]: byNumber(({ cgroup }) => ({ cgroup: Number(cgroup.cgroup_id), attachType: cgroup.attach_type })),
  [LinkType.NETNS]: byNumber(({ netns }) => ({ netns: netns.netns_ino, attachType: netns.attach_type })),
  [LinkType.XDP]: byNumber(({ xdp }) => ({ interface: xdp.ifindex })),
  [LinkType.TCX]: byNumber(({ tcx }) => ({ interface: tcx.ifindex, attachType: tcx.attach_type })),
};

const events: Readonly<Record<number, FoundLink>> = {
  [PerfLinkType.TRACEPOINT]: tracepoint,
  [PerfLinkType.UPROBE]: probe(false),
  [PerfLinkType.URETPROBE]: probe(true),
};

const unknown: FoundLink = byNumber(() => ({}));

export function foundLink({ type, perf_event }: LinkFields): FoundLink {
  return (type === LinkType.PERF_EVENT ? events[perf_event.type] : links[type]) ?? unknown;
}

/** Links whose program the kernel does not replace, whichever it is. */
export const fixedLinks: ReadonlySet<number> = new Set([
  LinkType.RAW_TRACEPOINT,
  LinkType.TRACING,
  LinkType.PERF_EVENT,
  LinkType.KPROBE_MULTI,
  LinkType.UPROBE_MULTI,
]);
