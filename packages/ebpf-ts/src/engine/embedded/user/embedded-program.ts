import { attachKinds } from "../../../attach/attach-kinds.gen.ts";
import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { targetOf } from "../../../attach/target-of.ts";
import { wrongKind } from "../../../base/checks.ts";
import { EbpfError, NotSupportedError, SyscallError } from "../../../base/errors.ts";
import { Errno } from "../../../uapi/errno.ts";
import { contextShape } from "../../../kinds/find-program-kind.ts";
import type { EngineLink, EngineProgram, ProgramInfo, RunOptions, RunResult } from "../../program.ts";
import type { Machine, RunContext, Task } from "../machine/contracts.ts";
import { placeOfTarget } from "../sources/attach-place.ts";
import type { CollectionSources } from "./collection-sources.ts";
import { EmbeddedLink } from "./embedded-link.ts";
import type { PrintReports } from "./print-reports.ts";

export interface EmbeddedRunOptions extends Omit<RunOptions, "task"> {
  /** What of the task is not as this process has it. */
  readonly task?: Partial<Task> | undefined;
  /** Kernel objects that the context points at. */
  readonly objects?: RunContext["objects"];
}

export interface EmbeddedProgramOptions {
  readonly machine: Machine;
  readonly prints: PrintReports;
  readonly index: number;
  readonly tag: string;
  readonly hostTask: () => Task;
  readonly sources: () => CollectionSources;
}

const mostRepeats = 1_000_000;

export class EmbeddedProgram implements EngineProgram {
  readonly info: ProgramInfo;
  readonly index: number;
  readonly #options: EmbeddedProgramOptions;
  readonly #links = new Set<EmbeddedLink>();
  #closed = false;

  constructor(options: EmbeddedProgramOptions) {
    const { machine, index, tag } = options;
    const { name, type } = machine.image.programs[index]!;
    this.info = { name, type, id: 0, tag };
    this.index = index;
    this.#options = options;
  }

  async run(options: EmbeddedRunOptions): Promise<RunResult> {
    this.#check("run");
    const { machine, index, prints, hostTask } = this.#options;
    const repeat = options.repeat ?? 1;
    if (!Number.isInteger(repeat) || repeat < 1 || repeat > mostRepeats) {
      throw new RangeError(`Cannot run program ${this.info.name} ${repeat} times: 1 to ${mostRepeats} it must be`);
    }
    if (options.data !== undefined) {
      throw new NotSupportedError(
        "packet data",
        `Cannot run program ${this.info.name} on a packet: the embedded engine has none, give it a context`,
      );
    }
    this.#checkCpu(options.cpu);
    const context = this.#contextOf(options);
    const task = { ...hostTask(), ...answering(options.task) };
    const start = performance.now();
    let duration = 0;
    const result = await prints.during(() => {
      const last = machine.run(index, context, task, { cpu: options.cpu, repeat });
      duration = Math.round(((performance.now() - start) * 1e6) / repeat);
      return last;
    });
    return {
      returnValue: Number(BigInt.asUintN(32, result.returnValue)),
      context: context.writable === true ? result.context : undefined,
      data: undefined,
      duration,
    };
  }

  #checkCpu(cpu: number | undefined): void {
    const { cpus } = this.#options.machine.image;
    if (cpu === undefined || cpu < cpus) return;
    throw new SyscallError(
      "BPF_PROG_TEST_RUN",
      Errno.ENXIO,
      "ENXIO",
      `Cannot run program ${this.info.name} on CPU ${cpu}: the engine has ${cpus} (ENXIO)`,
    );
  }

  async attach(told?: AttachTarget): Promise<EngineLink> {
    this.#check("attach");
    const { machine, sources } = this.#options;
    const image = machine.image.programs[this.index]!;
    const target = targetOf(image, told);
    this.#checkOnce(target);
    const attached = sources().attach(this.info.name, this.index, placeOfTarget(target, image));
    const link = new EmbeddedLink(
      { target, attached, program: this.info, indexOf: (other) => this.#indexOf(other) },
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    return link;
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.end();
  }

  /** As the kernel has it, which keeps the programs of some places in a set. */
  #checkOnce(target: AttachTarget): void {
    if (!attachKinds[target.kind].once || ![...this.#links].some((link) => link.keeps(this.info, target))) return;
    throw new EbpfError("BUSY", `Cannot attach program ${this.info.name}: it is attached there already`);
  }

  /** Of a program that can stand in the place of this one: machines know their own programs only. */
  #indexOf(other: EngineProgram): number {
    if (other instanceof EmbeddedProgram && other.#options.machine === this.#options.machine) return other.index;
    throw new TypeError(
      `Cannot update the link of program ${this.info.name} to program ${other.info.name}: it belongs to another collection`,
    );
  }

  #contextOf({ context, objects }: EmbeddedRunOptions): RunContext {
    const { size, hidden, writable } = contextShape(this.info.type);
    return {
      bytes: context ?? new Uint8Array(size),
      readableFrom: hidden,
      writable,
      ...(objects === undefined ? {} : { objects }),
    };
  }

  #check(action: string): void {
    if (this.#closed)
      throw new EbpfError("CLOSED", `Cannot ${action} program ${this.info.name}: its collection is closed`);
  }
}

/** A promise would be taken for memory that was read. */
function answering(task: Partial<Task> | undefined): Partial<Task> | undefined {
  if (task?.readUser === undefined) return task;
  return {
    ...task,
    readUser(address, into) {
      const read: unknown = task.readUser!(address, into);
      if (typeof read !== "boolean") throw wrongKind("What the readUser of run() gives", "true or false", read);
      return read;
    },
  };
}
