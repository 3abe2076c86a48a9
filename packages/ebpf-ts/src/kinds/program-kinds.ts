import { AttachType, ProgType } from "../uapi/uapi.gen.ts";
import type { ContextShape, KernelTypeName, ProgramKind } from "./program-kind.ts";

const functionName: KernelTypeName = { prefix: "", kind: "func", what: "function" };
const lsmHook: KernelTypeName = { prefix: "bpf_lsm_", kind: "func", what: "LSM hook" };
const iterator: KernelTypeName = { prefix: "bpf_iter_", kind: "func", what: "iterator" };
const typedTracepoint: KernelTypeName = { prefix: "btf_trace_", kind: "typedef", what: "tracepoint" };
const typedTracepoints = {
  attachType: AttachType.TRACE_RAW_TP,
  place: "tp_btf",
  rest: "<name>",
  kernelType: typedTracepoint,
} as const;
const none: ContextShape = { of: "bytes", size: 0, hidden: 0, writable: false };

/**
 * Every kind of program section that libbpf knows (section_defs in libbpf.c), and all that is known of it. Whatever needs to know
 * something of a kind asks here.
 */
export const programKinds: readonly ProgramKind[] = [
  ...kinds("socket", { type: ProgType.SOCKET_FILTER, place: "socket", since: "3.19" }),
  ...kinds("sk_reuseport/migrate", {
    type: ProgType.SK_REUSEPORT,
    attachType: AttachType.SK_REUSEPORT_SELECT_OR_MIGRATE,
    place: "reuseport",
    since: "5.14",
  }),
  ...kinds("sk_reuseport", {
    type: ProgType.SK_REUSEPORT,
    attachType: AttachType.SK_REUSEPORT_SELECT,
    place: "reuseport",
    since: "4.19",
  }),

  ...probes("kprobe kretprobe", { place: "kprobe", rest: "<function>", since: "4.1" }),
  ...probes("ksyscall kretsyscall", { place: "ksyscall", rest: "<system call>", since: "4.1" }),
  ...probes("uprobe uretprobe", { place: "uprobe", rest: "/path:symbol", since: "4.3" }),
  ...probes("usdt", { place: "usdt", rest: "/path:provider:name", since: "4.3" }),
  ...probes("uprobe.s uretprobe.s", { place: "uprobe", rest: "/path:symbol", sleepable: true, since: "6.0" }),
  ...probes("usdt.s", { place: "usdt", rest: "/path:provider:name", sleepable: true, since: "6.0" }),
  ...probes("kprobe.multi kretprobe.multi", { ...kprobeMulti(AttachType.TRACE_KPROBE_MULTI), since: "5.18" }),
  ...probes("kprobe.session", { ...kprobeMulti(AttachType.TRACE_KPROBE_SESSION), since: "6.10" }),
  ...probes("uprobe.multi uretprobe.multi", { ...uprobeMulti(AttachType.TRACE_UPROBE_MULTI), since: "6.6" }),
  ...probes("uprobe.multi.s uretprobe.multi.s", {
    ...uprobeMulti(AttachType.TRACE_UPROBE_MULTI),
    sleepable: true,
    since: "6.6",
  }),
  ...probes("uprobe.session", { ...uprobeMulti(AttachType.TRACE_UPROBE_SESSION), since: "6.13" }),
  ...probes("uprobe.session.s", {
    ...uprobeMulti(AttachType.TRACE_UPROBE_SESSION),
    sleepable: true,
    since: "6.13",
  }),

  ...tc("tc/ingress tcx/ingress", { attachType: AttachType.TCX_INGRESS, place: "tc", since: "6.6" }),
  ...tc("tc/egress tcx/egress", { attachType: AttachType.TCX_EGRESS, place: "tc", since: "6.6" }),
  ...tc("tc classifier", { place: "tc", since: "4.1" }),
  ...kinds("action", { type: ProgType.SCHED_ACT, place: "tc_action", since: "4.1" }),
  ...tc("netkit/primary", { attachType: AttachType.NETKIT_PRIMARY, place: "netkit", since: "6.7" }),
  ...tc("netkit/peer", { attachType: AttachType.NETKIT_PEER, place: "netkit", since: "6.7" }),

  ...kinds("tracepoint tp", {
    type: ProgType.TRACEPOINT,
    place: "tracepoint",
    rest: "<category>/<name>",
    since: "4.7",
  }),
  // Programs at tracepoints that may sleep came to Linux with the tag bpf-next-7.2 (commits 439ebd5b5708, 57918341dd19, 8cfb77d30920). Tests see them
  // refused by 6.1, 6.12 and 6.18, and run by 7.3.
  ...kinds("tracepoint.s tp.s", {
    type: ProgType.TRACEPOINT,
    place: "tracepoint",
    rest: "<category>/<name>",
    sleepable: true,
    since: "7.2",
  }),
  ...kinds("raw_tracepoint raw_tp", {
    type: ProgType.RAW_TRACEPOINT,
    place: "raw_tracepoint",
    rest: "<name>",
    since: "4.17",
  }),
  ...kinds("raw_tracepoint.s raw_tp.s", {
    type: ProgType.RAW_TRACEPOINT,
    place: "raw_tracepoint",
    rest: "<name>",
    sleepable: true,
    since: "7.2",
  }),
  ...kinds("raw_tracepoint.w raw_tp.w", {
    type: ProgType.RAW_TRACEPOINT_WRITABLE,
    place: "raw_tracepoint",
    rest: "<name>",
    since: "5.2",
  }),

  ...tracing("tp_btf", { ...typedTracepoints, since: "5.5" }),
  ...tracing("tp_btf.s", { ...typedTracepoints, sleepable: true, since: "7.2" }),
  ...functionProbes("fentry", AttachType.TRACE_FENTRY, "5.5"),
  ...functionProbes("fmod_ret", AttachType.MODIFY_RETURN, "5.7"),
  ...functionProbes("fexit", AttachType.TRACE_FEXIT, "5.5"),
  ...functionProbes("fsession", AttachType.TRACE_FSESSION, "7.0", "7.0"),
  // One link for many functions came to Linux with the tag bpf-next-7.2, as libbpf's names for it did (commit f2aa370dfe57). Tests see them loaded by 7.3.
  ...manyFunctions("fentry.multi", AttachType.TRACE_FENTRY_MULTI),
  ...manyFunctions("fexit.multi", AttachType.TRACE_FEXIT_MULTI),
  ...manyFunctions("fsession.multi", AttachType.TRACE_FSESSION_MULTI),
  ...kinds("freplace", { type: ProgType.EXT, place: "freplace", rest: "<function>", since: "5.6" }),
  ...lsm("lsm", { attachType: AttachType.LSM_MAC, place: "lsm", since: "5.7" }),
  ...lsm("lsm.s", { attachType: AttachType.LSM_MAC, place: "lsm", sleepable: true, since: "5.10" }),
  ...lsm("lsm_cgroup", { attachType: AttachType.LSM_CGROUP, place: "cgroup", attaches: "when told", since: "6.0" }),
  ...iterators("iter", { since: "5.8" }),
  ...iterators("iter.s", { sleepable: true, since: "5.18" }),
  ...kinds("syscall", { type: ProgType.SYSCALL, place: "nothing", sleepable: true, attaches: "never", since: "5.14" }),

  ...xdp("xdp.frags/devmap", { attachType: AttachType.XDP_DEVMAP, place: "devmap", attaches: "never", since: "5.18" }),
  ...xdp("xdp/devmap", { attachType: AttachType.XDP_DEVMAP, place: "devmap", attaches: "never", since: "5.8" }),
  ...xdp("xdp.frags/cpumap", { attachType: AttachType.XDP_CPUMAP, place: "cpumap", attaches: "never", since: "5.18" }),
  ...xdp("xdp/cpumap", { attachType: AttachType.XDP_CPUMAP, place: "cpumap", attaches: "never", since: "5.9" }),
  ...xdp("xdp.frags", { attachType: AttachType.XDP, place: "xdp", since: "5.18" }),
  ...xdp("xdp", { attachType: AttachType.XDP, place: "xdp", since: "4.8" }),
  ...kinds("perf_event", { type: ProgType.PERF_EVENT, place: "perf_event", since: "4.9" }),
  ...kinds("lwt_in", { type: ProgType.LWT_IN, place: "route", since: "4.10" }),
  ...kinds("lwt_out", { type: ProgType.LWT_OUT, place: "route", since: "4.10" }),
  ...kinds("lwt_xmit", { type: ProgType.LWT_XMIT, place: "route", since: "4.10" }),
  ...kinds("lwt_seg6local", { type: ProgType.LWT_SEG6LOCAL, place: "route", since: "4.18" }),
  ...cgroup("sockops", ProgType.SOCK_OPS, AttachType.CGROUP_SOCK_OPS, "4.13"),
  ...sockmap("sk_skb/stream_parser", ProgType.SK_SKB, AttachType.SK_SKB_STREAM_PARSER, "4.14"),
  ...sockmap("sk_skb/stream_verdict", ProgType.SK_SKB, AttachType.SK_SKB_STREAM_VERDICT, "4.14"),
  ...sockmap("sk_skb/verdict", ProgType.SK_SKB, AttachType.SK_SKB_VERDICT, "5.13"),
  ...sockmap("sk_skb", ProgType.SK_SKB, undefined, "4.14"),
  ...sockmap("sk_msg", ProgType.SK_MSG, AttachType.SK_MSG_VERDICT, "4.17"),
  ...kinds("lirc_mode2", {
    type: ProgType.LIRC_MODE2,
    attachType: AttachType.LIRC_MODE2,
    place: "lirc",
    since: "4.18",
  }),
  ...kinds("flow_dissector", {
    type: ProgType.FLOW_DISSECTOR,
    attachType: AttachType.FLOW_DISSECTOR,
    place: "netns",
    since: "4.20",
  }),

  ...cgroup("cgroup_skb/ingress", ProgType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS, "4.10"),
  ...cgroup("cgroup_skb/egress", ProgType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS, "4.10"),
  ...cgroup("cgroup/skb", ProgType.CGROUP_SKB, undefined, "4.10"),
  ...cgroup("cgroup/sock_create", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE, "4.10"),
  ...cgroup("cgroup/sock_release", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_RELEASE, "5.9"),
  ...cgroup("cgroup/sock", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE, "4.10"),
  ...cgroup("cgroup/post_bind4", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET4_POST_BIND, "4.17"),
  ...cgroup("cgroup/post_bind6", ProgType.CGROUP_SOCK, AttachType.CGROUP_INET6_POST_BIND, "4.17"),
  ...address("bind4", AttachType.CGROUP_INET4_BIND, "4.17"),
  ...address("bind6", AttachType.CGROUP_INET6_BIND, "4.17"),
  ...address("connect4", AttachType.CGROUP_INET4_CONNECT, "4.17"),
  ...address("connect6", AttachType.CGROUP_INET6_CONNECT, "4.17"),
  ...address("connect_unix", AttachType.CGROUP_UNIX_CONNECT, "6.7"),
  ...address("sendmsg4", AttachType.CGROUP_UDP4_SENDMSG, "4.18"),
  ...address("sendmsg6", AttachType.CGROUP_UDP6_SENDMSG, "4.18"),
  ...address("sendmsg_unix", AttachType.CGROUP_UNIX_SENDMSG, "6.7"),
  ...address("recvmsg4", AttachType.CGROUP_UDP4_RECVMSG, "5.2"),
  ...address("recvmsg6", AttachType.CGROUP_UDP6_RECVMSG, "5.2"),
  ...address("recvmsg_unix", AttachType.CGROUP_UNIX_RECVMSG, "6.7"),
  ...address("getpeername4", AttachType.CGROUP_INET4_GETPEERNAME, "5.8"),
  ...address("getpeername6", AttachType.CGROUP_INET6_GETPEERNAME, "5.8"),
  ...address("getpeername_unix", AttachType.CGROUP_UNIX_GETPEERNAME, "6.7"),
  ...address("getsockname4", AttachType.CGROUP_INET4_GETSOCKNAME, "5.8"),
  ...address("getsockname6", AttachType.CGROUP_INET6_GETSOCKNAME, "5.8"),
  ...address("getsockname_unix", AttachType.CGROUP_UNIX_GETSOCKNAME, "6.7"),
  ...cgroup("cgroup/sysctl", ProgType.CGROUP_SYSCTL, AttachType.CGROUP_SYSCTL, "5.2"),
  ...cgroup("cgroup/getsockopt", ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT, "5.3"),
  ...cgroup("cgroup/setsockopt", ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT, "5.3"),
  ...cgroup("cgroup/dev", ProgType.CGROUP_DEVICE, AttachType.CGROUP_DEVICE, "4.15"),

  ...structOps("struct_ops", { since: "5.6" }),
  ...structOps("struct_ops.s", { sleepable: true, since: "6.3" }),
  ...kinds("sk_lookup", { type: ProgType.SK_LOOKUP, attachType: AttachType.SK_LOOKUP, place: "netns", since: "5.9" }),
  ...kinds("netfilter", {
    type: ProgType.NETFILTER,
    attachType: AttachType.NETFILTER,
    place: "netfilter",
    since: "6.4",
  }),
];

type Row = Pick<ProgramKind, "type" | "place" | "since"> &
  Partial<Omit<ProgramKind, "name" | "atReturn" | "frags" | "context">>;
type Rest = Omit<Row, "type" | "place">;

/** The same row under each of these names. All are made at every start, so that nothing here takes long. */
function kinds(names: string, row: Row): ProgramKind[] {
  const { type, place, since, attachType, sleepable = false, rest, kernelType } = row;
  const { attaches = rest === undefined ? "when told" : "as named" } = row;
  const context = contextOf(type);
  return names.split(" ").map((name) => {
    const atReturn = type === ProgType.KPROBE && (name.startsWith("kret") || name.startsWith("uret"));
    const frags = name.startsWith("xdp.frags");
    return { name, type, attachType, sleepable, frags, rest, place, attaches, atReturn, kernelType, context, since };
  });
}

function probes(names: string, row: Omit<Row, "type">): ProgramKind[] {
  return kinds(names, { ...row, type: ProgType.KPROBE });
}

function kprobeMulti(attachType: number): Pick<ProgramKind, "attachType" | "place" | "rest"> {
  return { attachType, place: "kprobe_multi", rest: "<pattern>" };
}

function uprobeMulti(attachType: number): Pick<ProgramKind, "attachType" | "place" | "rest"> {
  return { attachType, place: "uprobe_multi", rest: "/path:<pattern>" };
}

function tc(names: string, row: Omit<Row, "type">): ProgramKind[] {
  return kinds(names, { ...row, type: ProgType.SCHED_CLS });
}

function tracing(name: string, row: Omit<Row, "type">): ProgramKind[] {
  return kinds(name, { ...row, type: ProgType.TRACING });
}

/** Sleepable ones, `.s` at the end, came with Linux 5.10. */
function functionProbes(
  name: string,
  attachType: number,
  since: string,
  sleepableSince: string = "5.10",
): ProgramKind[] {
  const row = { attachType, place: "fentry", rest: "<function>", kernelType: functionName } as const;
  return [
    ...tracing(name, { ...row, since }),
    ...tracing(`${name}.s`, { ...row, sleepable: true, since: sleepableSince }),
  ];
}

/** The verifier is told of no function: which they are is told when the program is attached. */
function manyFunctions(name: string, attachType: number): ProgramKind[] {
  const row = { attachType, place: "fentry_multi", rest: "<pattern>", since: "7.2" } as const;
  return [...tracing(name, row), ...tracing(`${name}.s`, { ...row, sleepable: true })];
}

function lsm(name: string, row: Omit<Row, "type">): ProgramKind[] {
  return kinds(name, { ...row, type: ProgType.LSM, rest: "<hook>", kernelType: lsmHook });
}

function iterators(name: string, row: Rest): ProgramKind[] {
  const attachType = AttachType.TRACE_ITER;
  return tracing(name, { ...row, attachType, place: "iter", rest: "<iterator>", kernelType: iterator });
}

function xdp(name: string, row: Omit<Row, "type">): ProgramKind[] {
  return kinds(name, { ...row, type: ProgType.XDP });
}

function sockmap(name: string, type: number, attachType: number | undefined, since: string): ProgramKind[] {
  return kinds(name, { type, attachType, place: "sockmap", since });
}

function cgroup(name: string, type: number, attachType: number | undefined, since: string): ProgramKind[] {
  return kinds(name, { type, attachType, place: "cgroup", since });
}

function address(hook: string, attachType: number, since: string): ProgramKind[] {
  return cgroup(`cgroup/${hook}`, ProgType.CGROUP_SOCK_ADDR, attachType, since);
}

/** The rest names the member that it implements, for people: which it is says a variable. They are attached together, by its map. */
function structOps(name: string, row: Rest): ProgramKind[] {
  return kinds(name, {
    ...row,
    type: ProgType.STRUCT_OPS,
    place: "struct_ops",
    rest: "<member>",
    attaches: "never",
  });
}

function contextOf(type: number): ContextShape {
  switch (type) {
    case ProgType.TRACEPOINT: // as long as that of sys_enter
      return { ...none, size: 64, hidden: 8 };
    case ProgType.RAW_TRACEPOINT: // 12 arguments
    case ProgType.TRACING:
      return { ...none, size: 96 };
    case ProgType.SYSCALL:
      return { ...none, writable: true };
    case ProgType.SOCKET_FILTER:
    case ProgType.SCHED_CLS:
    case ProgType.SCHED_ACT:
    case ProgType.XDP:
    case ProgType.CGROUP_SKB:
    case ProgType.LWT_IN:
    case ProgType.LWT_OUT:
    case ProgType.LWT_XMIT:
    case ProgType.FLOW_DISSECTOR:
      return { ...none, of: "packet" };
    default:
      return none;
  }
}
