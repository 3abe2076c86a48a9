import type { Bench } from "./bench.ts";

/** One line of the benchmark: us against a peer. */
export interface Case {
  /** Part of the output that tools read: `ring/event/40`. */
  readonly name: string;
  /** Of `ours` and `peer`. */
  readonly unit: string;
  /** Whether more of the unit is better, or less. */
  readonly better: "more" | "less";
  /** One line about what each side does, for people. */
  readonly about: string;
  /** Loads and starts what both sides share. The turns run in the order ours, peer, ours, peer, … */
  open(bench: Bench): Promise<Turns>;
}

export interface Turns {
  ours(): Promise<number>;
  peer(): Promise<number>;
  /** Ends our side's process. */
  close(): Promise<void>;
}
