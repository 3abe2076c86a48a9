/** A line of Debian's kernels that the library is to work on. */
export interface Kernel {
  /** On the command line, and the folder that it is kept in. */
  readonly word: string;
  readonly suite: string;
  /** Of packages, as apt-cache(8) searches for them: the newest is taken. Those for clouds have all that matters here, and are small. */
  readonly packages: string;
}

export const kernels: readonly Kernel[] = [
  { word: "6.1", suite: "bookworm", packages: "^linux-image-6\\.1\\..*-cloud-amd64$" },
  { word: "6.12", suite: "trixie", packages: "^linux-image-6\\.12\\..*-cloud-amd64$" },
  { word: "newest", suite: "trixie-backports", packages: "^linux-image-[0-9].*-cloud-amd64$" },
];

/** What tests of the guest suite take of a kernel that Debian's has as a module: they load it themselves. */
export const modules: readonly string[] = ["veth", "dummy", "nf_conntrack", "nf_defrag_ipv4", "sch_ingress", "cls_bpf"];

/** And of programs of this host, beside those of busybox. */
export const programs: readonly string[] = ["ip", "setpriv", "tc"];
