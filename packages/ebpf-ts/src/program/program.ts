import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import type { QueriedTarget } from "../attach/queried-target.ts";
import type { IterTarget } from "../attach/targets/iter.ts";
import { checkOptions } from "../base/check-options.ts";
import { NotSupportedError } from "../base/errors.ts";
import type { QueriedPrograms } from "../engine/queried-programs.ts";
import { type EngineProgram, type ProgramInfo, runChecks, type RunOptions, type RunResult } from "../engine/program.ts";
import { pinObject, unpinObject } from "../engine/pinnable.ts";
import type { EngineReading } from "../engine/reading.ts";
import { IteratorOutput } from "../link/iterator-output.ts";
import type { Link } from "../link/link.ts";
import type { LiveLinks } from "../link/live-links.ts";
import type { ProgramSpec } from "../spec/types.ts";
import type { ContextEncoder } from "./context-encoder.ts";

/** Which part of it all is walked: everything when left out. */
export type IterOptions = Omit<IterTarget, "kind">;

/**
 * A loaded program. `Context` is what a run by hand takes for its context, beside bytes; `Target`, where it can be attached: types that
 * `ebpf gen` knows.
 */
export class Program<Context = never, Target extends AttachTarget = AttachTarget> {
  readonly name: string;
  /** What its section name said: `tracepoint`, `syscall`, … */
  readonly kind: string;
  readonly section: string;
  readonly #program: EngineProgram;
  readonly #links: LiveLinks;
  readonly #contexts: ContextEncoder | undefined;

  /** @internal Made by the collection: `links` are its. Without `contexts` a run takes bytes alone. */
  constructor(spec: ProgramSpec, program: EngineProgram, links: LiveLinks, contexts?: ContextEncoder) {
    this.name = spec.name;
    this.kind = spec.kind;
    this.section = spec.section;
    this.#program = program;
    this.#links = links;
    this.#contexts = contexts;
  }

  get info(): ProgramInfo {
    return this.#program.info;
  }

  /** What the verifier wrote when it let the program in: empty, unless `load()` was told a `logLevel` for it. */
  get verifierLog(): string {
    return this.#program.verifierLog ?? "";
  }

  /** The engine's own side of it, for maps that hold programs. */
  get handle(): EngineProgram {
    return this.#program;
  }

  /**
   * Runs the program once by hand (BPF_PROG_TEST_RUN, Linux 4.12; contexts since 5.9, `SEC("syscall")` since 5.14).
   * `context` is the program's argument in the kernel's layout for its type, or the value of the struct that the program's parameter
   * points to: where the object knows that whole, and no CO-RE moves its members.
   */
  async run(options: RunOptions<Context> = {}): Promise<RunResult> {
    const own = this.#contexts?.encoded(options) ?? (options as RunOptions);
    checkOptions(own, runChecks, "run()");
    this.#links.check(this, "run");
    return this.#program.run(own);
  }

  /**
   * Attaches it: where its section name says, or where one says here.
   *
   *     await program.attach({ kind: "uprobe", path: "/bin/bash", symbol: "readline" });
   *
   * What makes no sense is a TypeError or a RangeError. NOT_FOUND: there is no such place, or its section names none; NOT_SUPPORTED:
   * this engine, or this kernel, does not have places of that kind.
   */
  attach(target?: Target): Promise<Link> {
    return this.#links.attach(this, target);
  }

  /**
   * What is attached to the place where this program would be, whoever attached it, in the order in which it runs (BPF_PROG_QUERY, kernel engine): of
   * cgroups (not of `lsm_cgroup`), TC (tcx) and netkit. With the `revision` that it tells, `attach()` makes sure that this is still so.
   *
   *     const { revision, programs } = await program.query({ kind: "tc", interface: "eth0" });
   */
  async query(place: QueriedTarget): Promise<QueriedPrograms> {
    this.#links.check(this, "query");
    if (this.#program.query !== undefined) return this.#program.query(place);
    const message = `Cannot look at what is attached where program ${this.name} would be: only the kernel engine can`;
    throw new NotSupportedError("query", message);
  }

  /**
   * What the program of an iterator prints (`SEC("iter/task")`, kernel engine, Linux 5.8): it is attached by each loop, and detached when that ends.
   *
   *     for await (const line of program.iterate({ pid: process.pid })) console.log(line);
   *
   * The options are those of an {@link IterTarget}.
   */
  iterate(where: IterOptions = {}): IteratorOutput {
    this.#links.check(this, "attach");
    return new IteratorOutput(async () => {
      const link = await this.#links.attach(this, { ...where, kind: "iter" });
      return readOnce(link);
    });
  }

  /** Keeps the program alive under a path of a bpffs (kernel engine), one at a time (BUSY). */
  pin(path: string): void {
    this.#links.check(this, "pin");
    pinObject(this.#program, path, `program ${this.name}`);
  }

  /** Takes the pin away that {@link pin} made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    this.#links.check(this, "unpin");
    unpinObject(this.#program, `program ${this.name}`);
  }
}

/** What ends with its link, and the other way round. */
async function readOnce(link: Link): Promise<EngineReading> {
  try {
    const reading = link.openReading();
    const close = async (): Promise<void> => {
      await reading.close();
      await link.close();
    };
    return { read: () => reading.read(), close };
  } catch (error) {
    await link.close();
    throw error;
  }
}
