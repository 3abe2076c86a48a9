import { MapType, ProgType } from "../uapi/uapi.gen.ts";

/** What the kernel asks of who loads a program or makes a map, unless he has CAP_SYS_ADMIN (kernel/bpf/syscall.c, Linux 5.8). */
export type NeededCapability = "CAP_BPF" | "CAP_NET_ADMIN" | "CAP_PERFMON";

/** `is_net_admin_prog_type` */
const ofNetworks: ReadonlySet<number> = new Set([
  ProgType.SCHED_CLS,
  ProgType.SCHED_ACT,
  ProgType.XDP,
  ProgType.LWT_IN,
  ProgType.LWT_OUT,
  ProgType.LWT_XMIT,
  ProgType.LWT_SEG6LOCAL,
  ProgType.SK_SKB,
  ProgType.SK_MSG,
  ProgType.FLOW_DISSECTOR,
  ProgType.CGROUP_DEVICE,
  ProgType.CGROUP_SOCK,
  ProgType.CGROUP_SOCK_ADDR,
  ProgType.CGROUP_SOCKOPT,
  ProgType.CGROUP_SYSCTL,
  ProgType.SOCK_OPS,
  ProgType.EXT,
  ProgType.NETFILTER,
]);

/** `is_perfmon_prog_type` */
const ofTracing: ReadonlySet<number> = new Set([
  ProgType.KPROBE,
  ProgType.TRACEPOINT,
  ProgType.PERF_EVENT,
  ProgType.RAW_TRACEPOINT,
  ProgType.RAW_TRACEPOINT_WRITABLE,
  ProgType.TRACING,
  ProgType.LSM,
  ProgType.STRUCT_OPS,
  ProgType.EXT,
]);

const mapsOfNetworks: ReadonlySet<number> = new Set([
  MapType.SOCKMAP,
  MapType.SOCKHASH,
  MapType.DEVMAP,
  MapType.DEVMAP_HASH,
  MapType.XSKMAP,
]);

/** By BPF_PROG_TYPE_*. Without CAP_PERFMON the verifier also refuses more of what programs of the other types do. */
export function capabilitiesForProgram(type: number): readonly NeededCapability[] {
  return [
    "CAP_BPF",
    ...(ofTracing.has(type) ? (["CAP_PERFMON"] as const) : []),
    ...(ofNetworks.has(type) ? (["CAP_NET_ADMIN"] as const) : []),
  ];
}

/** By BPF_MAP_TYPE_*. */
export function capabilitiesForMap(type: number): readonly NeededCapability[] {
  return mapsOfNetworks.has(type) ? ["CAP_BPF", "CAP_NET_ADMIN"] : ["CAP_BPF"];
}

/** What has types of programs and of maps, such as a spec. */
interface TypedObject {
  readonly programs: readonly { readonly type: number; readonly autoload: boolean }[];
  readonly maps: readonly { readonly type: number }[];
}

/** To load all of an object that loads by itself. */
export function capabilitiesForObject({ programs, maps }: TypedObject): readonly NeededCapability[] {
  const ofPrograms = programs.filter(({ autoload }) => autoload).flatMap(({ type }) => capabilitiesForProgram(type));
  return [...new Set([...ofPrograms, ...maps.flatMap(({ type }) => capabilitiesForMap(type))])];
}
