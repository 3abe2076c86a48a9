import { checkOptions } from "../base/check-options.ts";
import {
  type EngineProgram,
  type ProgramInfo,
  runChecks,
  type RunOptions,
  type RunResult,
  type UprobeOptions,
} from "../engine/program.ts";
import { NotSupportedError } from "../base/errors.ts";
import { Link } from "../link/link.ts";
import type { ProgramSpec } from "../spec/types.ts";

/** A loaded program. */
export class Program {
  readonly name: string;
  /** What its section name said: `tracepoint`, `syscall`, … */
  readonly kind: string;
  readonly section: string;
  readonly #program: EngineProgram;

  constructor(spec: ProgramSpec, program: EngineProgram) {
    this.name = spec.name;
    this.kind = spec.kind;
    this.section = spec.section;
    this.#program = program;
  }

  get info(): ProgramInfo {
    return this.#program.info;
  }

  /** The engine's own side of it, for maps that hold programs. */
  get handle(): EngineProgram {
    return this.#program;
  }

  /**
   * Runs the program once by hand (BPF_PROG_TEST_RUN, Linux 4.12; contexts since 5.9, `SEC("syscall")` since 5.14).
   * `context` is the program's argument in the kernel's layout for its type.
   */
  async run(options: RunOptions = {}): Promise<RunResult> {
    checkOptions(options, runChecks, "run()");
    return this.#program.run(options);
  }

  /** Attaches it where its section name says. */
  async attach(): Promise<Link> {
    return new Link(this.name, await this.#program.attach());
  }

  /**
   * Attaches a `SEC("uprobe")` program to a place in the code of user space (kernel engine, Linux 4.17). Detach it before the file is
   * written to.
   */
  async attachUprobe(options: UprobeOptions): Promise<Link> {
    const names = ["path", "symbol", "offset", "pid", "returns"];
    const unknown = Object.keys(options).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new TypeError(`Unknown option ${unknown} of attachUprobe(): the options are ${names.join(", ")}`);
    if (options.symbol === undefined && options.offset === undefined) {
      throw new TypeError("attachUprobe() needs a symbol, or an offset in the file");
    }
    if (!this.#program.attachUprobe) {
      throw new NotSupportedError(
        "uprobe",
        `Cannot attach program ${this.name} to ${options.path}: only the kernel engine has uprobes, load with engine: "kernel"`,
      );
    }
    return new Link(this.name, await this.#program.attachUprobe(options));
  }

  /** Keeps the program alive under a path of a bpffs (kernel engine). */
  pin(path: string): void {
    if (!this.#program.pin) {
      throw new NotSupportedError(
        "pin",
        `Cannot pin program ${this.name}: only the kernel engine can, load with engine: "kernel"`,
      );
    }
    this.#program.pin(path);
  }
}
