/**
 * Writes packages/ebpf-ts/src/uapi/uapi.gen.ts from uapi.json, the numbers of the kernel's interface for eBPF and perf events.
 * With `--check` it writes nothing, and fails when the file is out of date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

type Values = Readonly<Record<string, number>>;
interface Uapi {
  readonly source: string;
  readonly enums: Readonly<Record<string, Values>>;
  readonly macros: Readonly<Record<string, Values>>;
}
interface Table {
  readonly name: string;
  readonly of: string;
  readonly comment: string;
  readonly prefix: RegExp;
}

const tables: readonly Table[] = [
  { name: "Command", of: "bpf_cmd", comment: "`enum bpf_cmd`: the first argument of bpf(2).", prefix: /^BPF_/ },
  { name: "MapType", of: "bpf_map_type", comment: "`enum bpf_map_type`: BPF_MAP_TYPE_*.", prefix: /^BPF_MAP_TYPE_/ },
  {
    name: "ProgType",
    of: "bpf_prog_type",
    comment: "`enum bpf_prog_type`: BPF_PROG_TYPE_*.",
    prefix: /^BPF_PROG_TYPE_/,
  },
  { name: "AttachType", of: "bpf_attach_type", comment: "`enum bpf_attach_type`, without BPF_.", prefix: /^BPF_/ },
  {
    name: "LinkType",
    of: "bpf_link_type",
    comment: "`enum bpf_link_type`: BPF_LINK_TYPE_*.",
    prefix: /^BPF_LINK_TYPE_/,
  },
  {
    name: "PerfLinkType",
    of: "bpf_perf_event_type",
    comment: "`enum bpf_perf_event_type`: BPF_PERF_EVENT_*, of links.",
    prefix: /^BPF_PERF_EVENT_/,
  },
  {
    name: "CgroupIterOrder",
    of: "bpf_cgroup_iter_order",
    comment: "`enum bpf_cgroup_iter_order`: BPF_CGROUP_ITER_*.",
    prefix: /^BPF_CGROUP_ITER_/,
  },
  { name: "HelperId", of: "bpf_func_id", comment: "`enum bpf_func_id`: BPF_FUNC_*.", prefix: /^BPF_FUNC_/ },
  { name: "MapFlag", of: "map_flags", comment: "BPF_F_* of BPF_MAP_CREATE.", prefix: /^BPF_F_/ },
  {
    name: "UpdateFlag",
    of: "map_update_flags",
    comment: "BPF_ANY, BPF_NOEXIST, …: flags of an update.",
    prefix: /^BPF_(F_)?/,
  },
  { name: "RingBufFlag", of: "ringbuf_flags", comment: "BPF_RB_*: how a commit wakes.", prefix: /^BPF_RB_/ },
  {
    name: "RingBufQuery",
    of: "ringbuf_query",
    comment: "BPF_RB_*: what `bpf_ringbuf_query` asks.",
    prefix: /^BPF_RB_/,
  },
  {
    name: "RingBufHeader",
    of: "ringbuf_header",
    comment: "BPF_RINGBUF_*: bits of a record's header.",
    prefix: /^BPF_RINGBUF_/,
  },
  {
    name: "PerfOutputFlag",
    of: "perf_output_flags",
    comment: "BPF_F_* of `bpf_perf_event_output`: which ring.",
    prefix: /^BPF_F_/,
  },
  { name: "ProgFlag", of: "program_flags", comment: "BPF_F_* of BPF_PROG_LOAD.", prefix: /^BPF_F_/ },
  { name: "XdpFlag", of: "xdp_flags", comment: "XDP_FLAGS_*: how a driver runs it.", prefix: /^XDP_FLAGS_/ },
  {
    name: "AttachFlag",
    of: "attach_flags",
    comment: "BPF_F_* of BPF_PROG_ATTACH and BPF_LINK_CREATE.",
    prefix: /^BPF_F_/,
  },
  { name: "NetfilterFamily", of: "netfilter_families", comment: "NFPROTO_*.", prefix: /^NFPROTO_/ },
  { name: "NetfilterHook", of: "netfilter_hooks", comment: "`enum nf_inet_hooks`: NF_INET_*.", prefix: /^NF_INET_/ },
  {
    name: "NetlinkType",
    of: "rtnetlink_messages",
    comment: "NLMSG_* and RTM_*: messages of rtnetlink(7).",
    prefix: /^(NLMSG|RTM)_/,
  },
  { name: "NetlinkFlag", of: "netlink_flags", comment: "NLM_F_*: some have two meanings.", prefix: /^NLM_F_/ },
  {
    name: "NetlinkAttr",
    of: "netlink_attributes",
    comment: "Of attributes of all messages of netlink(7).",
    prefix: /^(NLMSGERR_ATTR|NLA)_/,
  },
  {
    name: "TcAttr",
    of: "tc_attributes",
    comment: "TCA_*: attributes of filters and queueing disciplines.",
    prefix: /^TCA_/,
  },
  {
    name: "TcNumber",
    of: "tc_numbers",
    comment: "TC_H_* and TCA_*: parents and flags of filters.",
    prefix: /^TC_H_|^TCA_/,
  },
  { name: "InterfaceAttr", of: "interface_attributes", comment: "IFLA_*: attributes of interfaces.", prefix: /^IFLA_/ },
  { name: "SocketOption", of: "socket_options", comment: "SO_*, the same on x86-64 and arm64.", prefix: /^SO_/ },
  { name: "PerfType", of: "perf_type_id", comment: "`enum perf_type_id`: PERF_TYPE_*.", prefix: /^PERF_TYPE_/ },
  {
    name: "KprobeMultiFlag",
    of: "kprobe_multi_flags",
    comment: "BPF_F_KPROBE_MULTI_* of BPF_LINK_CREATE.",
    prefix: /^BPF_F_KPROBE_MULTI_/,
  },
  {
    name: "UprobeMultiFlag",
    of: "uprobe_multi_flags",
    comment: "BPF_F_UPROBE_MULTI_* of BPF_LINK_CREATE.",
    prefix: /^BPF_F_UPROBE_MULTI_/,
  },
  {
    name: "PerfHardware",
    of: "perf_hw_id",
    comment: "`enum perf_hw_id`: PERF_COUNT_HW_*.",
    prefix: /^PERF_COUNT_HW_/,
  },
  {
    name: "PerfSoftware",
    of: "perf_sw_ids",
    comment: "`enum perf_sw_ids`: PERF_COUNT_SW_*.",
    prefix: /^PERF_COUNT_SW_/,
  },
  {
    name: "PerfSample",
    of: "perf_event_sample_format",
    comment: "`enum perf_event_sample_format`: PERF_SAMPLE_*.",
    prefix: /^PERF_SAMPLE_/,
  },
  {
    name: "PerfRecord",
    of: "perf_event_type",
    comment: "`enum perf_event_type`: PERF_RECORD_*.",
    prefix: /^PERF_RECORD_/,
  },
  { name: "PerfIoctl", of: "perf_ioctls", comment: "PERF_EVENT_IOC_* of ioctl(2).", prefix: /^PERF_EVENT_IOC_/ },
  {
    name: "PerfAttrSize",
    of: "perf_attr_sizes",
    comment: "PERF_ATTR_SIZE_*: how long perf_event_attr was at first.",
    prefix: /^PERF_ATTR_SIZE_/,
  },
  { name: "Prctl", of: "prctl_options", comment: "PR_*: the first argument of prctl(2).", prefix: /^PR_/ },
  { name: "Seccomp", of: "seccomp", comment: "SECCOMP_*: operations and flags of seccomp(2).", prefix: /^SECCOMP_/ },
  { name: "Fcntl", of: "fcntl_commands", comment: "F_*: the second argument of fcntl(2).", prefix: /^F_/ },
  { name: "OpenFlag", of: "open_flags", comment: "O_* of open(2), the same on x86-64 and arm64.", prefix: /^O_/ },
  { name: "Clock", of: "clocks", comment: "CLOCK_*: the first argument of clock_gettime(2).", prefix: /^CLOCK_/ },
  { name: "Protection", of: "protections", comment: "PROT_* of mmap(2).", prefix: /^PROT_/ },
];

function entries(uapi: Uapi, table: Table): string {
  const values = uapi.enums[table.of] ?? uapi.macros[table.of];
  if (values === undefined) throw new Error(`uapi.json has no ${table.of}`);
  return Object.entries(values)
    .filter(([name]) => !name.startsWith("__"))
    .map(([name, value]) => `  ${name.replace(table.prefix, "")}: ${value},\n`)
    .join("");
}

function print(uapi: Uapi): string {
  const head = `// Generated by scripts/generate-uapi.ts from scripts/uapi.json (${uapi.source.split(",")[0]}). Do not edit.\n`;
  const body = tables.map(
    (table) =>
      `\n/** ${table.comment} */\nexport const ${table.name} = {\n${entries(uapi, table)}} as const;\n` +
      `export type ${table.name} = (typeof ${table.name})[keyof typeof ${table.name}];\n`,
  );
  return head + body.join("");
}

const input = new URL("../uapi.json", import.meta.url);
const output = new URL("../../packages/ebpf-ts/src/uapi/uapi.gen.ts", import.meta.url);
const text = print(JSON.parse(readFileSync(input, "utf8")) as Uapi);
if (!process.argv.includes("--check")) {
  writeFileSync(output, text);
} else if (readFileSync(output, "utf8") !== text) {
  console.error(`${fileURLToPath(output)} is out of date: run node scripts/build/generate-uapi.js`);
  process.exitCode = 1;
}
