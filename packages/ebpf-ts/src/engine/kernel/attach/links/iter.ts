import type { CgroupOrder } from "../../../../attach/targets/iter.ts";
import type { LinkInfo } from "../../../link.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";
import { cgroupById } from "../net/cgroup-by-id.ts";

/** By BPF_CGROUP_ITER_*. */
const orders: readonly (CgroupOrder | undefined)[] = [
  undefined,
  "self",
  "descendants",
  "descendants-last",
  "ancestors",
];

/** What is walked of it stands there since Linux 5.9 (maps), and 6.1. */
const details: LinkDetails = {
  ask: (name) => ({ iter: { target_name: name, target_name_len: name.length } }),
  read({ iter: { map, cgroup, task } }, target, sys): LinkInfo["details"] {
    if (target === "cgroup") {
      const path = cgroupById(sys, cgroup.cgroup_id);
      const order = orders[cgroup.order];
      return { target, ...(path === undefined ? {} : { cgroup: path }), ...(order === undefined ? {} : { order }) };
    }
    if (target.startsWith("task")) return { target, ...present("tid", task.tid), ...present("pid", task.pid) };
    return { target, ...present("mapId", map.map_id) };
  },
  target({ target: name, mapId, cgroup, order, tid, pid }) {
    // The name that a map has in its object is not told.
    if (mapId !== undefined || (name === "cgroup" && cgroup === undefined)) return undefined;
    return {
      kind: "iter",
      name: String(name),
      ...(cgroup === undefined ? {} : { cgroup: String(cgroup), order: order as CgroupOrder }),
      ...(tid === undefined ? {} : { tid: Number(tid) }),
      ...(pid === undefined ? {} : { pid: Number(pid) }),
    };
  },
};

function present(name: string, value: number): Readonly<Record<string, number>> {
  return value === 0 ? {} : { [name]: value };
}

export const iterLink: LinkKind = { canUpdate: true, detailsOf: () => details };
