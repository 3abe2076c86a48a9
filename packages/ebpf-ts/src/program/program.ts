import type { EngineProgram, ProgramInfo, RunOptions, RunResult } from "../engine/engine.ts";
import { NotSupportedError } from "../errors.ts";
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
  run(options: RunOptions = {}): Promise<RunResult> {
    return this.#program.run(options);
  }

  /** Attaches it where its section name says. */
  async attach(): Promise<Link> {
    return new Link(this.name, await this.#program.attach());
  }

  /** Keeps the program alive under a path of a bpffs (kernel engine). */
  pin(path: string): void {
    if (!this.#program.pin) {
      throw new NotSupportedError("pin", `Cannot pin program ${this.name}: only the kernel engine can, load with engine: "kernel"`);
    }
    this.#program.pin(path);
  }
}
