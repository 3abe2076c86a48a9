import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import type { QueriedTarget } from "../attach/queried-target.ts";
import type { LinkTarget } from "../attach/link-target.ts";
import { type Checks, optionsOf } from "../base/check-options.ts";
import { aFunction, aUint8Array, integer } from "../base/checks.ts";
import type { QueriedPrograms } from "./queried-programs.ts";
import type { LinkInfo } from "./link.ts";
import type { Pinnable } from "./pinnable.ts";
import type { EngineReading } from "./reading.ts";

/** What a loaded program is, as the kernel tells it (`struct bpf_prog_info`): `type` is BPF_PROG_TYPE_*, `id` 0 on the embedded engine. */
export interface ProgramInfo {
  readonly name: string;
  readonly type: number;
  readonly id: number;
  /** First 8 bytes of the digest of the code, in hexadecimal, as bpftool prints it. */
  readonly tag: string;
  /** Instructions that the verifier looked at, all ways together (Linux 5.16); undefined where nobody tells. */
  readonly verifiedInstructions?: number | undefined;
}

/** How an engine loads one program. */
export interface EngineProgramOptions {
  /** A function of another program, which it attaches to. */
  readonly target?: { readonly program: EngineProgram; readonly function: string } | undefined;
  /** `log_level` of BPF_PROG_LOAD. */
  readonly logLevel?: number | undefined;
}

/** The task that a program run by hand runs for. */
export interface RunTask {
  /**
   * Reads its memory, for `bpf_probe_read_user` and its like: fills all of `into` (64 KiB at most) from that address on, or gives false. Without it
   * a program that asks for such memory is ended by a fault.
   */
  readonly readUser?: ((address: bigint, into: Uint8Array) => boolean) | undefined;
}

/** What a program that is run by hand gets (BPF_PROG_TEST_RUN). */
export interface RunOptions<Context = never> {
  /** Context for the program, in the kernel's layout for its type; or its value, where the object says what struct it is. */
  readonly context?: Uint8Array | Context | undefined;
  /** Packet data, for the program types that work on packets (kernel engine). */
  readonly data?: Uint8Array | undefined;
  /**
   * How often it runs, each time with the context, and the data, that the time before has left. On the embedded engine `maxRunMs` counts for all of them
   * together. More than 1000 runs with data are made in parts, between which `close()` ends them; each begins with what was given.
   */
  readonly repeat?: number | undefined;
  /** The CPU to run on: on the kernel, raw tracepoints only (BPF_F_TEST_RUN_ON_CPU, Linux 5.10). ENXIO where there is no such CPU. */
  readonly cpu?: number | undefined;
  /** Whose memory the program reads as a user's (embedded engine; in the kernel it is this process's). By default it reads none. */
  readonly task?: RunTask | undefined;
}

const taskChecks: Checks<RunTask> = { readUser: aFunction };

export const runChecks: Checks<RunOptions> = {
  context: aUint8Array,
  data: aUint8Array,
  repeat: integer(1, 0x7fff_ffff),
  cpu: integer(0, 0xffff_ffff),
  task: optionsOf(taskChecks),
};

/** What a run by hand gave; of several, the last one. */
export interface RunResult {
  /** Unsigned 32 bits. */
  readonly returnValue: number;
  /** The context after the run, where the program type may write it. */
  readonly context: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  /** Mean nanoseconds of a run. */
  readonly duration: number;
}

/** A loaded program as an engine has it. */
export interface EngineProgram extends Pinnable {
  readonly info: ProgramInfo;
  /** What the verifier wrote when it let the program in, where it was asked to. */
  readonly verifierLog?: string | undefined;
  /** Runs it once by hand (BPF_PROG_TEST_RUN). */
  run(options: RunOptions): Promise<RunResult>;
  /** Attaches it where it is told, or else where its section says. */
  attach(target?: AttachTarget): Promise<EngineLink>;
  /** What is attached there. */
  query?(target: QueriedTarget): Promise<QueriedPrograms>;
}

/** What a link puts in the place of what it keeps attached: a program, or a map of struct_ops. */
export interface Replacement {
  readonly info: { readonly name: string };
}

/** What keeps a program attached, or operations of the kernel, and is pinned since Linux 5.7. After its end it is used no more. */
export interface EngineLink extends Pinnable {
  readonly target: LinkTarget;
  readonly info: LinkInfo;
  /** Puts another one of the same type in the place of this one, without a gap. Throws a TypeError for one of another engine. */
  update(next: Replacement): Promise<void>;
  /** Of an iterator: runs it anew, for who reads what it prints. */
  read?(): EngineReading;
  /** Lets go of it. What is pinned stays attached. Idempotent; one that fails can be tried again. */
  close(): Promise<void>;
}
