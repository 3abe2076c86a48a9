import { EbpfError, ProgramFault } from "../../../base/errors.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { Machine, MachineRunOptions, MachineRunResult, RunContext, RunOrigin, Task } from "./contracts.ts";
import type { MachineImage, MachineMapImage } from "./image.ts";
import type { MachineMap } from "./machine-map.ts";
import { clearStack, cpuMemory } from "../memory/cpu-memory.ts";
import type { Executor } from "./executor.ts";
import type { HelperTable } from "./helper.ts";
import { LateMaps } from "./late-maps/late-maps.ts";
import { MapDirectory } from "./late-maps/map-directory.ts";
import { MachineProgram } from "./machine-program.ts";
import { ProgramMemory } from "../memory/program-memory.ts";
import type { MemoryPlan } from "../memory/region.ts";
import { placeContext } from "./run-context.ts";
import { Run, type Execute, type RunHost } from "./run.ts";
import { SharedState } from "./shared-state.ts";

/** What a thread puts a machine together from. */
export interface MachineParts {
  readonly executor: Executor;
  readonly helpers: HelperTable;
  readonly openMap: (image: MachineMapImage, memory: ArrayBufferLike, cpus: number) => MachineMap;
  readonly clock?: Clock | undefined;
  /** Whether this thread's runs are to end, beside those of a machine that closes. */
  readonly isClosing?: (() => boolean) | undefined;
}

/** How long a run waits for another thread to give a CPU back. */
const patience = 10_000;
/** After how long it asks whether those that have one still live, and whether it is to end. */
const doubt = 5;

/** This thread's view of a collection. Every thread that runs its programs opens the same image. */
export function assembleMachine(image: MachineImage, parts: MachineParts): Machine {
  return new EmbeddedMachine(image, parts);
}

class EmbeddedMachine implements Machine, RunHost {
  readonly image: MachineImage;
  readonly memory: ProgramMemory;
  readonly maps: readonly MachineMap[];
  readonly programs: readonly MachineProgram[];
  readonly cpus: number;
  readonly clock: Clock;
  readonly execute: Execute;
  onPrint: Machine["onPrint"] = () => {};
  readonly #state: SharedState;
  readonly #isClosing: () => boolean;
  readonly #lateMaps: LateMaps;
  /** By CPU; whoever has taken the CPU uses it. */
  readonly #runs: (Run | undefined)[] = [];
  /** CPUs that this thread itself is running on: a run may print, and what it prints may run. */
  #held = 0;

  constructor(image: MachineImage, { executor, helpers, openMap, clock, isClosing }: MachineParts) {
    const { buffer } = image.memory;
    this.image = image;
    this.clock = clock ?? systemClock();
    this.#isClosing = isClosing ?? (() => false);
    this.cpus = image.cpus;
    const directory = new MapDirectory(buffer, image.directory);
    this.memory = new ProgramMemory(buffer, image.regions, (slot) => `map ${directory.nameAt(slot)}`);
    const open = (map: MachineMapImage): MachineMap => openMap(map, buffer, image.cpus);
    this.maps = image.maps.map(open);
    this.programs = image.programs.map((program, index) => new MachineProgram(program, index));
    this.#state = new SharedState(image.shared, image.cpus);
    this.#lateMaps = new LateMaps(image, this.memory, directory, this.#state, open);
    this.execute = executor.open(this, helpers);
  }

  addMap(plan: (memory: MemoryPlan) => MachineMapImage): number {
    return this.#lateMaps.add(plan);
  }

  mapAt(index: number): MachineMap | undefined {
    return this.maps[index] ?? this.#lateMaps.at(index);
  }

  removeMap(index: number): boolean {
    return this.#lateMaps.remove(index);
  }

  get isClosing(): boolean {
    return this.#state.closing || this.#isClosing();
  }

  close(): void {
    this.#state.close();
  }

  print(line: string, origin: RunOrigin): void {
    this.onPrint(line, origin);
  }

  run(
    index: number,
    context: RunContext,
    task: Task,
    { cpu: wanted, repeat = 1 }: MachineRunOptions = {},
  ): MachineRunResult {
    const program = this.programs[index];
    if (program === undefined) throw new RangeError(`The machine has no program ${index}`);
    if (this.#state.closing) throw closed();
    const cpu = this.#takeCpu(wanted);
    this.#held++;
    try {
      const run = (this.#runs[cpu] ??= new Run(this, cpuMemory(this.memory, cpu), program, task));
      if (repeat === 1) run.allow();
      else run.allowSeries();
      let result = this.#runOnce(run, program, context, task);
      for (let done = 1; done < repeat; done++) {
        run.allowAnother();
        result = this.#runOnce(run, program, { ...context, bytes: result.context }, task);
      }
      return result;
    } finally {
      this.#held--;
      this.#state.giveCpu(cpu);
    }
  }

  #runOnce(run: Run, program: MachineProgram, context: RunContext, task: Task): MachineRunResult {
    const { start } = run.cpu.context;
    run.begin(program, task, start);
    for (const slice of placeContext(this.memory, run.cpu, context)) run.lend(slice);
    let unfinished = 0;
    try {
      this.execute(run);
    } catch (cause) {
      throw asFault(run, cause);
    } finally {
      unfinished = run.release();
    }
    if (unfinished > 0) run.fault("ended with a ring record that it had neither submitted nor discarded");
    return {
      returnValue: run.u64[0]!,
      instructions: this.image.instructionBudget - run.budget,
      context: this.memory.bytes.slice(start, start + context.bytes.length),
    };
  }

  /** `wanted` is one that there is; any when it is left out. */
  #takeCpu(wanted?: number): number {
    const free = this.#state.tryTakeCpu(wanted);
    return free >= 0 ? free : this.#waitForCpu(wanted);
  }

  #waitForCpu(wanted: number | undefined): number {
    const end = performance.now() + patience;
    for (;;) {
      const releases = this.#state.releases;
      const cpu = this.#state.tryTakeCpu(wanted);
      if (cpu >= 0) return cpu;
      if (this.isClosing) throw closed();
      const left = end - performance.now();
      // Waiting for oneself never ends: the CPUs of the runs below this one are free only after it.
      const isOwn = wanted === undefined ? this.#held === this.cpus : this.#state.isMine(wanted);
      if (isOwn || left <= 0) {
        const which = wanted === undefined ? `all ${this.cpus} CPUs` : `CPU ${wanted}`;
        const are = wanted === undefined ? "are" : "is";
        throw new EbpfError("FAULT", `Cannot run a program: ${which} of the embedded engine ${are} running`);
      }
      this.#state.waitForCpu(releases, Math.min(left, doubt));
      if (this.#state.releases !== releases) continue;
      const leftBehind = this.#state.tryTakeOverCpu(wanted);
      if (leftBehind < 0) continue;
      clearStack(this.memory, cpuMemory(this.memory, leftBehind));
      return leftBehind;
    }
  }
}

function closed(): EbpfError {
  return new EbpfError("CLOSED", "Cannot run a program: its collection is closed");
}

/** A map that finds itself misused says so without knowing where the program was. */
function asFault(run: Run, cause: unknown): unknown {
  if (cause instanceof ProgramFault || !(cause instanceof EbpfError) || cause.code === "CLOSED") return cause;
  try {
    return run.fault(`was refused by a map: ${cause.message}`);
  } catch (fault) {
    return fault;
  }
}
