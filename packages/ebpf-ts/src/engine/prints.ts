/** Where a line came from. */
export interface PrintOrigin {
  /** The thread that the program ran for, as `bpf_get_current_pid_tgid` has it in its low half; 0 where it ran for none. */
  readonly pid: number;
  readonly cpu: number;
  /** When, in nanoseconds of `bpf_ktime_get_ns`. */
  readonly time: bigint;
}

/** A line that a program printed (`bpf_trace_printk`, `bpf_trace_vprintk`), without its line feed. */
export interface PrintedLine extends PrintOrigin {
  readonly text: string;
}

/** A collection's lines, while somebody wants them. */
export interface EnginePrints {
  /** Resolved once lines are told of as they come. Rejected when it cannot be known whose they are. */
  readonly ready: Promise<void>;
  /** Hands over what waits. Rejected when it cannot be read. */
  drain(): Promise<void>;
  /** Lines that were overwritten before they were read, as far as anybody can tell. */
  readonly lost: number;
  /** Idempotent. */
  close(): void;
}
