import type { Checks } from "../base/check-options.ts";
import { bytes, integer } from "../base/checks.ts";
import type { EngineLink } from "./link.ts";

export interface ProgramInfo {
  readonly name: string;
  readonly type: number;
  readonly id: number;
  /** First 8 bytes of the digest of the code, in hexadecimal, as bpftool prints it. */
  readonly tag: string;
}

export interface RunOptions {
  /** Context for the program, in the kernel's layout for its type. */
  readonly context?: Uint8Array | undefined;
  /** Packet data, for the program types that work on packets (kernel engine). */
  readonly data?: Uint8Array | undefined;
  readonly repeat?: number | undefined;
  /** The CPU to run on: raw tracepoints only (BPF_F_TEST_RUN_ON_CPU, Linux 5.10; kernel engine). */
  readonly cpu?: number | undefined;
}

export const runChecks: Checks<RunOptions> = {
  context: bytes,
  data: bytes,
  repeat: integer(1, 0x7fff_ffff),
  cpu: integer(0, 0xffff_ffff),
};

export interface RunResult {
  /** Unsigned 32 bits. */
  readonly returnValue: number;
  /** The context after the run, where the program type may write it. */
  readonly context: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  /** Mean nanoseconds of a run. */
  readonly duration: number;
}

/** A place in the code of user space: a function, or an offset in the file, or an offset in a function. */
export interface UprobeOptions {
  /** Of the executable or shared library. */
  readonly path: string;
  /** Name of a function. */
  readonly symbol?: string | undefined;
  /** Bytes from the function, or, without one, from the start of the file. */
  readonly offset?: number | undefined;
  /** Only where this process comes along, in any of its threads; every process when left out. */
  readonly pid?: number | undefined;
  /** Where the function returns rather than where it begins; by default as the section says (`uretprobe`). */
  readonly returns?: boolean | undefined;
}

export interface EngineProgram {
  readonly info: ProgramInfo;
  /** Runs it once by hand (BPF_PROG_TEST_RUN). */
  run(options: RunOptions): Promise<RunResult>;
  /** Attaches where its section name says. */
  attach(): Promise<EngineLink>;
  attachUprobe?(options: UprobeOptions): Promise<EngineLink>;
  pin?(path: string): void;
}
