import { perfEventName } from "../../../../attach/perf-events.ts";
import { PerfLinkType } from "../../../../uapi/uapi.gen.ts";
import type { LinkInfo } from "../../../link.ts";
import { cookieDetail } from "../cookie-detail.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { categoryOf } from "../trace-folder.ts";

/** Which event it is, the kernel says since Linux 6.6. */
const tracepoint: LinkDetails = {
  ask: (name) => ({ perf_event: { tracepoint: { tp_name: name, name_len: name.length } } }),
  read: (_, name) => (name === "" ? {} : { tracepoint: name }),
  target({ tracepoint: name }) {
    const category = name === undefined ? undefined : categoryOf(String(name));
    return category === undefined ? undefined : { kind: "tracepoint", category, name: String(name) };
  },
};

function uprobe(returns: boolean): LinkDetails {
  return {
    ask: (path) => ({ perf_event: { uprobe: { file_name: path, name_len: path.length } } }),
    read: (info, path): { path?: string; offset?: number } =>
      path === "" ? {} : { path, offset: info.perf_event.uprobe.offset },
    target({ path, offset }) {
      return path === undefined ? undefined : { kind: "uprobe", path: String(path), offset: Number(offset), returns };
    },
  };
}

/** With where the kernel found it. */
function kprobe(returns: boolean): LinkDetails {
  return {
    ask: (symbol) => ({ perf_event: { kprobe: { func_name: symbol, name_len: symbol.length } } }),
    read({ perf_event: { kprobe: told } }, symbol): LinkInfo["details"] {
      if (symbol === "") return {};
      return {
        symbol,
        offset: told.offset,
        missed: Number(told.missed),
        ...address(told.addr),
        ...cookieDetail(told.cookie),
      };
    },
    target({ symbol, offset }) {
      return symbol === undefined
        ? undefined
        : { kind: "kprobe", symbol: String(symbol), offset: Number(offset), returns };
    },
  };
}

/** Not told to who has no CAP_SYSLOG (kernel.kptr_restrict). */
function address(value: bigint): { address?: string } {
  return value === 0n ? {} : { address: `0x${value.toString(16)}` };
}

/** Of what the kernel or the processor counts: newer kernels give clocks a type of their own, by which they have no name. */
const event: LinkDetails = {
  read({ perf_event: { event: told } }): LinkInfo["details"] {
    const name = perfEventName(told.type, Number(told.config));
    const which = name === undefined ? { type: told.type, config: Number(told.config) } : { event: name };
    return { ...which, ...cookieDetail(told.cookie) };
  },
};

const events: Readonly<Record<number, LinkDetails>> = {
  [PerfLinkType.TRACEPOINT]: tracepoint,
  [PerfLinkType.EVENT]: event,
  [PerfLinkType.KPROBE]: kprobe(false),
  [PerfLinkType.KRETPROBE]: kprobe(true),
  [PerfLinkType.UPROBE]: uprobe(false),
  [PerfLinkType.URETPROBE]: uprobe(true),
};

const unknown: LinkDetails = { read: () => ({}) };

export const perfEventLink: LinkKind = {
  canUpdate: false,
  detailsOf: ({ perf_event }) => events[perf_event.type] ?? unknown,
};
