import type { LoadedLink } from "ebpf-ts/kernel";
import type { Facts } from "./listing.ts";

type Details = LoadedLink["details"];

/** Where a link is, by the names that bpftool has for links of its type. */
export function placeFacts({ typeName, details }: LoadedLink): Facts {
  return { map_id: details["mapId"], ...byType[typeName]?.(details) };
}

const ofInterface = (details: Details): Facts => ({
  devname: details["interface"] ?? (details["ifindex"] === 0 ? "(detached)" : "(unknown)"),
  ifindex: details["ifindex"],
});

const byType: Readonly<Record<string, (details: Details) => Facts>> = {
  raw_tracepoint: ({ tracepoint }) => ({ tp_name: tracepoint }),
  tracing: ({ targetBtf, targetType }) => ({ target_obj_id: targetBtf, target_btf_id: targetType }),
  tracing_multi: ({ targetBtf, functions }) => ({ obj_id: targetBtf, func_cnt: functions }),
  cgroup: ({ cgroupId }) => ({ cgroup_id: cgroupId }),
  iter: ({ target, tid, pid }) => ({ target_name: target, tid, pid }),
  netns: ({ netns }) => ({ netns_ino: netns }),
  xdp: ofInterface,
  tcx: ofInterface,
  netkit: ofInterface,
  netfilter: ({ priority }) => ({ prio: priority }),
  kprobe_multi: ({ functions, missed, at }) => ({ retprobe: at && at === "return", func_cnt: functions, missed }),
  uprobe_multi: ({ path, places, pid, at }) => ({ retprobe: at && at === "return", path, func_cnt: places, pid }),
  // What it was called before Linux 6.6 is `tp_name`, for scripts that have it.
  perf_event: ({ tracepoint, path, symbol, offset, missed }) => ({
    tracepoint,
    tp_name: tracepoint,
    file: path,
    func: symbol,
    offset,
    missed,
  }),
};
