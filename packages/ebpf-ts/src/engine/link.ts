/** What an engine knows of a link. */
export interface LinkInfo {
  /** The kernel's number for it; 0 where the kernel has none (perf events before Linux 5.15), and on the embedded engine. */
  readonly id: number;
  /** BPF_LINK_TYPE_*: which the kernel has for such a place, on either engine. */
  readonly type: number;
  /** `info.id` of the program that is attached. */
  readonly programId: number;
  /** What else the kernel says of links of that type, as far as it does: `{ tracepoint: "sys_enter" }`. */
  readonly details: Readonly<Record<string, string | number>>;
  /** Where the kernel needs several links for it, as a perf event on every CPU does: each of them; the rest of this info is the first one's. */
  readonly parts?: readonly LinkInfo[] | undefined;
}
