import { AttachType, ProgType } from "../uapi/uapi.gen.ts";

/** One kind of program section. */
export interface SectionDefinition {
  readonly name: string;
  readonly type: number;
  readonly attachType: number | undefined;
  readonly sleepable: boolean;
  /** A slash and the target may follow: `kprobe/do_unlinkat`. */
  readonly takesTarget: boolean;
}

/** The section names that libbpf knows (section_defs in libbpf.c). */
export const SECTION_DEFINITIONS: readonly SectionDefinition[] = [
  exact("socket", ProgType.SOCKET_FILTER),
  exact("sk_reuseport/migrate", ProgType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT_OR_MIGRATE),
  exact("sk_reuseport", ProgType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT),

  ...probes(["kprobe", "kretprobe", "ksyscall", "kretsyscall"]),
  ...probes(["uprobe", "uretprobe", "usdt"], undefined, ["uprobe.s", "uretprobe.s", "usdt.s"]),
  ...probes(["kprobe.multi", "kretprobe.multi"], AttachType.TRACE_KPROBE_MULTI),
  ...probes(["kprobe.session"], AttachType.TRACE_KPROBE_SESSION),
  ...probes(["uprobe.multi", "uretprobe.multi"], AttachType.TRACE_UPROBE_MULTI, [
    "uprobe.multi.s",
    "uretprobe.multi.s",
  ]),
  ...probes(["uprobe.session"], AttachType.TRACE_UPROBE_SESSION, ["uprobe.session.s"]),

  exact("tc/ingress", ProgType.SCHED_CLS, AttachType.TCX_INGRESS),
  exact("tc/egress", ProgType.SCHED_CLS, AttachType.TCX_EGRESS),
  exact("tcx/ingress", ProgType.SCHED_CLS, AttachType.TCX_INGRESS),
  exact("tcx/egress", ProgType.SCHED_CLS, AttachType.TCX_EGRESS),
  exact("tc", ProgType.SCHED_CLS),
  exact("classifier", ProgType.SCHED_CLS),
  exact("action", ProgType.SCHED_ACT),
  exact("netkit/primary", ProgType.SCHED_CLS, AttachType.NETKIT_PRIMARY),
  exact("netkit/peer", ProgType.SCHED_CLS, AttachType.NETKIT_PEER),

  target("tracepoint", ProgType.TRACEPOINT),
  target("tp", ProgType.TRACEPOINT),
  target("raw_tracepoint", ProgType.RAW_TRACEPOINT),
  target("raw_tp", ProgType.RAW_TRACEPOINT),
  target("raw_tracepoint.w", ProgType.RAW_TRACEPOINT_WRITABLE),
  target("raw_tp.w", ProgType.RAW_TRACEPOINT_WRITABLE),

  target("tp_btf", ProgType.TRACING, AttachType.TRACE_RAW_TP),
  ...withSleepable("fentry", ProgType.TRACING, AttachType.TRACE_FENTRY),
  ...withSleepable("fmod_ret", ProgType.TRACING, AttachType.MODIFY_RETURN),
  ...withSleepable("fexit", ProgType.TRACING, AttachType.TRACE_FEXIT),
  target("freplace", ProgType.EXT),
  ...withSleepable("lsm", ProgType.LSM, AttachType.LSM_MAC),
  target("lsm_cgroup", ProgType.LSM, AttachType.LSM_CGROUP),
  ...withSleepable("iter", ProgType.TRACING, AttachType.TRACE_ITER),
  { ...exact("syscall", ProgType.SYSCALL), sleepable: true },

  exact("xdp.frags/devmap", ProgType.XDP, AttachType.XDP_DEVMAP),
  exact("xdp/devmap", ProgType.XDP, AttachType.XDP_DEVMAP),
  exact("xdp.frags/cpumap", ProgType.XDP, AttachType.XDP_CPUMAP),
  exact("xdp/cpumap", ProgType.XDP, AttachType.XDP_CPUMAP),
  exact("xdp.frags", ProgType.XDP, AttachType.XDP),
  exact("xdp", ProgType.XDP, AttachType.XDP),
  exact("perf_event", ProgType.PERF_EVENT),
  exact("lwt_in", ProgType.LWT_IN),
  exact("lwt_out", ProgType.LWT_OUT),
  exact("lwt_xmit", ProgType.LWT_XMIT),
  exact("lwt_seg6local", ProgType.LWT_SEG6LOCAL),
  exact("sockops", ProgType.SOCK_OPS, AttachType.CGROUP_SOCK_OPS),
  exact("sk_skb/stream_parser", ProgType.SK_SKB, AttachType.SK_SKB_STREAM_PARSER),
  exact("sk_skb/stream_verdict", ProgType.SK_SKB, AttachType.SK_SKB_STREAM_VERDICT),
  exact("sk_skb/verdict", ProgType.SK_SKB, AttachType.SK_SKB_VERDICT),
  exact("sk_skb", ProgType.SK_SKB),
  exact("sk_msg", ProgType.SK_MSG, AttachType.SK_MSG_VERDICT),
  exact("lirc_mode2", ProgType.LIRC_MODE2, AttachType.LIRC_MODE2),
  exact("flow_dissector", ProgType.FLOW_DISSECTOR, AttachType.FLOW_DISSECTOR),

  exact("cgroup_skb/ingress", ProgType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS),
  exact("cgroup_skb/egress", ProgType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS),
  exact("cgroup/skb", ProgType.CGROUP_SKB),
  exact("cgroup/sock_create", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE),
  exact("cgroup/sock_release", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_RELEASE),
  exact("cgroup/sock", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE),
  exact("cgroup/post_bind4", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET4_POST_BIND),
  exact("cgroup/post_bind6", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET6_POST_BIND),
  address("bind4", AttachType.CGROUP_INET4_BIND),
  address("bind6", AttachType.CGROUP_INET6_BIND),
  address("connect4", AttachType.CGROUP_INET4_CONNECT),
  address("connect6", AttachType.CGROUP_INET6_CONNECT),
  address("connect_unix", AttachType.CGROUP_UNIX_CONNECT),
  address("sendmsg4", AttachType.CGROUP_UDP4_SENDMSG),
  address("sendmsg6", AttachType.CGROUP_UDP6_SENDMSG),
  address("sendmsg_unix", AttachType.CGROUP_UNIX_SENDMSG),
  address("recvmsg4", AttachType.CGROUP_UDP4_RECVMSG),
  address("recvmsg6", AttachType.CGROUP_UDP6_RECVMSG),
  address("recvmsg_unix", AttachType.CGROUP_UNIX_RECVMSG),
  address("getpeername4", AttachType.CGROUP_INET4_GETPEERNAME),
  address("getpeername6", AttachType.CGROUP_INET6_GETPEERNAME),
  address("getpeername_unix", AttachType.CGROUP_UNIX_GETPEERNAME),
  address("getsockname4", AttachType.CGROUP_INET4_GETSOCKNAME),
  address("getsockname6", AttachType.CGROUP_INET6_GETSOCKNAME),
  address("getsockname_unix", AttachType.CGROUP_UNIX_GETSOCKNAME),
  exact("cgroup/sysctl", ProgType.CGROUP_SYSCTL, AttachType.CGROUP_SYSCTL),
  exact("cgroup/getsockopt", ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT),
  exact("cgroup/setsockopt", ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT),
  exact("cgroup/dev", ProgType.CGROUP_DEVICE, AttachType.CGROUP_DEVICE),

  ...withSleepable("struct_ops", ProgType.STRUCT_OPS),
  exact("sk_lookup", ProgType.SK_LOOKUP, AttachType.SK_LOOKUP),
  exact("netfilter", ProgType.NETFILTER, AttachType.NETFILTER),
];

function exact(name: string, type: number, attachType?: number): SectionDefinition {
  return { name, type, attachType, sleepable: false, takesTarget: false };
}

function target(name: string, type: number, attachType?: number): SectionDefinition {
  return { name, type, attachType, sleepable: false, takesTarget: true };
}

/** The kinds whose name with `.s` at the end means a program that may sleep. */
function withSleepable(name: string, type: number, attachType?: number): SectionDefinition[] {
  return [target(name, type, attachType), { ...target(`${name}.s`, type, attachType), sleepable: true }];
}

function probes(names: readonly string[], attachType?: number, sleepable: readonly string[] = []): SectionDefinition[] {
  return [
    ...names.map((name) => target(name, ProgType.KPROBE, attachType)),
    ...sleepable.map((name) => ({ ...target(name, ProgType.KPROBE, attachType), sleepable: true })),
  ];
}

function address(hook: string, attachType: number): SectionDefinition {
  return exact(`cgroup/${hook}`, ProgType.CGROUP_SOCK_ADDR, attachType);
}
