/** A test that fails on a kernel for a reason that is not ours. */
interface KnownDifference {
  /** Words of kernels, as on the command line; `host` is the one that runs this. */
  readonly on: readonly string[];
  /** The end of the file's path, without `.test.js`. */
  readonly file: string;
  /** Which tests of it; all, and that the file's run breaks off, where it is left out. */
  readonly tests?: RegExp;
  readonly reason: string;
}

const emptyRecords =
  "The verifier of Linux 6.1 misses the release of a record of 0 bytes, which an object of the tests reserves on purpose";

const noFprobes = "Debian builds Linux 6.1 without CONFIG_FPROBE, which links of many kprobes take";

const noPlaces = "Before Linux 6.6 the kernel says of a link by a perf event nothing of its place";

const noNetfilter = "Programs of netfilter are Linux 6.4";

/** They are run all the same, and shown with their reason. */
const knownDifferences: readonly KnownDifference[] = [
  {
    on: ["6.1"],
    file: "test/kernel/attach",
    tests: /^close\(\) detaches/,
    reason: "Before Linux 6.10 a program is attached to a raw tracepoint once (EEXIST)",
  },
  {
    on: ["6.1"],
    file: "test/kernel/links",
    tests: /the kernel's number|without names by kernels|in which file it is/,
    reason: noPlaces,
  },
  { on: ["6.1"], file: "test/kernel/perf-event", tests: /the info has all/, reason: noPlaces },
  {
    on: ["6.1"],
    file: "test/guest/kprobe",
    tests: /that a pattern fits|with a cookie for each|names what fits nothing/,
    reason: noFprobes,
  },
  { on: ["6.1"], file: "test/guest/scope", tests: /by kretprobe_multi/, reason: noFprobes },
  { on: ["6.1"], file: "test/kernel/maps", tests: /cannot do is refused|size is rounded up/, reason: emptyRecords },
  { on: ["6.1"], file: "test/kernel/netns-attach", tests: /at its hook|of a priority/, reason: noNetfilter },
  {
    on: ["6.1"],
    file: "test/kernel/object-types",
    tests: /^struct-ops\.bpf\.o/,
    reason:
      "Linux 6.1 takes no question mark in the name of a section, as `?.struct_ops` has: it gets that mended (guest/struct-ops)",
  },
  { on: ["6.1"], file: "test/kernel/memory", tests: /a ring's memory is said to be closed/, reason: emptyRecords },
];

export const knownFiles: readonly string[] = knownDifferences.map(({ file }) => file);

export function knownDifference(kernel: string, file: string, test: string): string | undefined {
  const path = file.replace(/\.test\.js$/, "");
  return knownDifferences.find(
    (known) => known.on.includes(kernel) && path.endsWith(known.file) && (known.tests?.test(test) ?? true),
  )?.reason;
}
