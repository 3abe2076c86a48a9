/** What a program attaches to: the word for it in an attach target, and in the registries of those who attach. */
export type PlaceKind =
  | "cgroup"
  | "cpumap"
  | "devmap"
  | "fentry"
  | "fentry_multi"
  | "freplace"
  | "iter"
  | "kprobe"
  | "kprobe_multi"
  | "ksyscall"
  | "lirc"
  | "lsm"
  | "netfilter"
  | "netkit"
  | "netns"
  | "nothing"
  | "perf_event"
  | "raw_tracepoint"
  | "reuseport"
  | "route"
  | "socket"
  | "sockmap"
  | "struct_ops"
  | "tc"
  | "tc_action"
  | "tp_btf"
  | "tracepoint"
  | "uprobe"
  | "uprobe_multi"
  | "usdt"
  | "xdp";

/** One kind of program section: everything that its name says about the programs in it. */
export interface ProgramKind {
  /** How the section begins, or all of it: `tracepoint`, `uprobe.s`, `cgroup/bind4`. */
  readonly name: string;
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  /** The expected attach type (BPF_*), where the section names one. 0 is one. */
  readonly attachType: number | undefined;
  /** The program may sleep (BPF_F_SLEEPABLE). */
  readonly sleepable: boolean;
  /** The program takes packets that lie in several buffers (BPF_F_XDP_HAS_FRAGS). */
  readonly frags: boolean;
  /** How one writes what may follow the name and a slash: `<category>/<name>`. Undefined when nothing may. */
  readonly rest: string | undefined;
  readonly place: PlaceKind;
  /**
   * `as named`: by itself, where the rest of the section names the place. `when told`: the section cannot say where. `never`: it is
   * run by hand, or put into a map.
   */
  readonly attaches: "as named" | "when told" | "never";
  /** A probe of where a function returns, rather than of where it begins. */
  readonly atReturn: boolean;
  /** How the kernel's types name what the rest names: the verifier wants to know it at load (`attach_btf_id`). */
  readonly kernelType: KernelTypeName | undefined;
  /** What it gets in r1. */
  readonly context: ContextShape;
  /** Linux that first loads such programs. */
  readonly since: string;
}

export interface KernelTypeName {
  readonly prefix: "" | "bpf_iter_" | "bpf_lsm_" | "btf_trace_";
  readonly kind: "func" | "typedef";
  /** For messages: `tracepoint`. */
  readonly what: string;
}

export interface ContextShape {
  /** `packet`: made by the kernel around the data that a run by hand is given. */
  readonly of: "packet" | "bytes";
  /** Bytes that stand for a context that is not given, all zero. */
  readonly size: number;
  /** So many bytes at the start are the kernel's own. */
  readonly hidden: number;
  readonly writable: boolean;
}
