/** The structs of the kernel's interface that structs.gen.ts has, and what they are called there. */

export interface StructSource {
  /** The kernel's name: `struct` or `union`, without that word. */
  readonly kernel: string;
  /** The constant. */
  readonly name: string;
  readonly comment: string;
}

/** Of which kernel structs.btf is. */
export const kernelRelease = "7.3";

/** From scripts/structs.btf, an extract of the types of an x86-64 kernel. */
export const kernelStructs: readonly StructSource[] = [
  source("bpf_map_info", "BpfMapInfo", "BPF_OBJ_GET_INFO_BY_FD of a map."),
  source("bpf_prog_info", "BpfProgInfo", "BPF_OBJ_GET_INFO_BY_FD of a program."),
  source("bpf_link_info", "BpfLinkInfo", "BPF_OBJ_GET_INFO_BY_FD of a link."),
  source("bpf_btf_info", "BpfBtfInfo", "BPF_OBJ_GET_INFO_BY_FD of BTF."),
  source("bpf_func_info", "BpfFuncInfo", "`func_info` of BPF_PROG_LOAD."),
  source("bpf_line_info", "BpfLineInfo", "`line_info` of BPF_PROG_LOAD; `line_col` is line << 10 | column."),
  source("bpf_iter_link_info", "BpfIterLinkInfo", "`iter_info` of BPF_LINK_CREATE: a union, of which one part is set."),
  source("perf_event_attr", "PerfEventAttr", "perf_event_open(2)."),
  source("perf_event_mmap_page", "PerfEventMmapPage", "first page of a perf ring."),
  source("perf_event_header", "PerfEventHeader", "what every record of a perf ring begins with."),
  source("epoll_event", "EpollEventX64", "epoll_wait(2) of x86-64, where it is packed."),
  source("pollfd", "Pollfd", "poll(2)."),
  source("flock", "Flock", "fcntl(2), of 64-bit systems."),
  source("iovec", "Iovec", "process_vm_readv(2); what PTRACE_GETREGSET writes to."),
  source("futex_waitv", "FutexWaitv", "futex_waitv(2)."),
  source("__kernel_timespec", "Timespec", "futex(2)."),
  source("ptrace_syscall_info", "PtraceSyscallInfo", "PTRACE_GET_SYSCALL_INFO."),
  source("user_regs_struct", "UserRegsX64", "NT_PRSTATUS of x86-64. Up to `ss` it is the kernel's `struct pt_regs`."),
  source("seccomp_data", "SeccompData", "what a seccomp filter looks at."),
  source("sock_filter", "SockFilter", "an instruction of classic BPF."),
  source("sock_fprog", "SockFprog", "SECCOMP_SET_MODE_FILTER."),
  source("nlmsghdr", "NetlinkHeader", "what every message of netlink(7) begins with."),
  source("nlmsgerr", "NetlinkError", "NLMSG_ERROR; 0 is success."),
  source("nlattr", "NetlinkAttribute", "what every attribute of a message begins with."),
  source("tcmsg", "TrafficControlMessage", "RTM_*QDISC and RTM_*TFILTER of rtnetlink(7)."),
  source("ifinfomsg", "InterfaceMessage", "RTM_*LINK of rtnetlink(7)."),
  source("file_handle", "FileHandle", "open_by_handle_at(2); the handle itself follows."),
  source("trace_event_raw_sys_enter", "RawSysEnter", "context of tracepoint/raw_syscalls/sys_enter."),
  source("trace_event_raw_sys_exit", "RawSysExit", "context of tracepoint/raw_syscalls/sys_exit."),
];

/** From scripts/structs.bpf.c, what the types of such a kernel do not have. */
export const otherStructs: readonly StructSource[] = [
  source("epoll_event___arm64", "EpollEventArm64", "epoll_wait(2) of all but x86-64."),
  source("user_pt_regs", "UserRegsArm64", "NT_PRSTATUS of arm64."),
  source(
    "pt_regs___arm64",
    "PtRegsArm64",
    "what tracing programs see of arm64's registers, up to the number of the system call.",
  ),
];

/** The parts of `union bpf_attr`: for each command the struct that it takes. */
export const attributesUnion = "bpf_attr";

/** Those parts to which the kernel gives no name, by their first field. */
export const namesOfAttributes: Readonly<Record<string, string>> = {
  map_type: "map_create",
  map_fd: "elem",
  prog_type: "prog_load",
  pathname: "obj",
  target_fd: "prog_attach",
  start_id: "get_id",
  btf: "btf_load",
};

/** The commands that take a part. */
export const commandsOfAttributes: Readonly<Record<string, string>> = {
  map_create: "BPF_MAP_CREATE",
  elem: "BPF_MAP_*_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_MAP_FREEZE",
  batch: "BPF_MAP_*_BATCH",
  prog_load: "BPF_PROG_LOAD",
  obj: "BPF_OBJ_PIN, BPF_OBJ_GET",
  prog_attach: "BPF_PROG_ATTACH, BPF_PROG_DETACH",
  test: "BPF_PROG_TEST_RUN",
  get_id: "BPF_*_GET_NEXT_ID, BPF_*_GET_FD_BY_ID",
  info: "BPF_OBJ_GET_INFO_BY_FD",
  query: "BPF_PROG_QUERY",
  raw_tracepoint: "BPF_RAW_TRACEPOINT_OPEN",
  btf_load: "BPF_BTF_LOAD",
  task_fd_query: "BPF_TASK_FD_QUERY",
  link_create: "BPF_LINK_CREATE",
  link_update: "BPF_LINK_UPDATE",
  link_detach: "BPF_LINK_DETACH",
  enable_stats: "BPF_ENABLE_STATS",
  iter_create: "BPF_ITER_CREATE",
  prog_bind_map: "BPF_PROG_BIND_MAP",
  token_create: "BPF_TOKEN_CREATE",
  prog_stream_read: "BPF_PROG_STREAM_READ_BY_FD",
  prog_assoc_struct_ops: "BPF_PROG_ASSOC_STRUCT_OPS",
};

function source(kernel: string, name: string, comment: string): StructSource {
  return { kernel, name, comment };
}
