import { NotSupportedError } from "../../../base/errors.ts";
import { type Checks, checkOptions } from "../../../base/check-options.ts";
import { aFunction, anObject, integer, oneOf } from "../../../base/checks.ts";
import type { CollectionSpec } from "../../../spec/types.ts";
import type { Engine, EngineCollection, EngineOptions } from "../../engine.ts";
import type { EventFilter } from "../../scope.ts";
import { buildImage } from "../load/build-image.ts";
import type { Clock } from "../machine/clock.ts";
import type { Task } from "../machine/contracts.ts";
import type { TaskFilter } from "../machine/task-filter.ts";
import { eventSources } from "../sources/check-sources.ts";
import type { EventSource } from "../sources/event-source.ts";
import { EmbeddedCollection } from "./embedded-collection.ts";
import { buildKernelBtf, type Architecture } from "../load/own-btf.ts";
import { ownSettings } from "../load/own-settings.ts";
import { openMachine } from "../load/open-machine.ts";

export type { Architecture } from "../load/own-btf.ts";

/** What an embedded engine is made of; each has a default. */
export interface EmbeddedEngineOptions {
  /** Where events come from. Without any, programs run by hand only. */
  readonly sources?: readonly EventSource[] | undefined;
  readonly clock?: Clock | undefined;
  /** The task that a program sees which is run by hand. */
  readonly hostTask?: (() => Task) | undefined;
  /** Where the cgroup of a filter stands in the hierarchy, as {@link Task} has it. Without, a filter names it so. */
  readonly cgroupPath?: ((folder: string) => string) | undefined;
  /** How many programs may run at the same time; per-CPU maps have that many values. */
  readonly cpus?: number | undefined;
  /** Whose `struct pt_regs` the engine has. */
  readonly architecture?: Architecture | undefined;
}

const defaultCpus = 4;
/** Per-CPU values of all of them stand in memory. */
const mostCpus = 64;

export const embeddedChecks: Checks<EmbeddedEngineOptions> = {
  sources: eventSources,
  clock: anObject,
  hostTask: aFunction,
  cgroupPath: aFunction,
  cpus: integer(1, mostCpus),
  architecture: oneOf("x64", "arm64"),
};

/** A few seconds of work: as many as a loop of 2^23 iterations, the most that bpf_loop does, of 8 instructions. */
const defaultBudget = 2 ** 26;

/** A backstop: what takes so long without using its budget up waits for something, or for a machine that is very busy. */
const defaultRunMs = 10_000;

/** The kernel's own pid 0: a run in a host that has no processes. */
const idleTask: Task = { pid: 0, tgid: 0, uid: 0, gid: 0, comm: "swapper/0" };

/** An engine in plain JavaScript: it needs no privilege, and no Linux. */
export function embeddedEngine(options: EmbeddedEngineOptions = {}): Engine {
  checkOptions(options, embeddedChecks, "embeddedEngine()");
  return { name: "embedded", load: (spec, engineOptions) => load(spec, engineOptions, options) };
}

/** The engine knows cgroups by their paths, which tasks have as well. */
function tasksOf(filter: EventFilter = {}, { cgroupPath }: EmbeddedEngineOptions): TaskFilter {
  return filter.cgroup === undefined || cgroupPath === undefined
    ? filter
    : { ...filter, cgroup: cgroupPath(filter.cgroup) };
}

async function load(
  spec: CollectionSpec,
  engineOptions: EngineOptions,
  options: EmbeddedEngineOptions,
): Promise<EngineCollection> {
  const instructionBudget = engineOptions.instructionBudget ?? defaultBudget;
  if (!Number.isSafeInteger(instructionBudget) || instructionBudget < 1) {
    throw new RangeError(`The instruction budget is a positive integer, not ${instructionBudget}`);
  }
  const maxRunMs = engineOptions.maxRunMs ?? defaultRunMs;
  if (!(maxRunMs > 0)) throw new RangeError(`The time that a run may take is a positive number, not ${maxRunMs}`);
  const { scope, filter } = engineOptions;
  if (scope === "system") {
    throw new NotSupportedError(
      "system scope",
      "Cannot load the object for the events of the whole system: those of the embedded engine are its sources' alone, " +
        "such as the commands of spawn(); leave the scope out, or use the kernel engine",
    );
  }
  const cpus = options.cpus ?? defaultCpus;
  const architecture = options.architecture ?? "x64";
  const kernelBtf = buildKernelBtf(architecture);
  const kconfig = { given: engineOptions.kconfig ?? {}, own: ownSettings(architecture, cpus) };
  const built = await buildImage(spec, {
    cpus,
    instructionBudget,
    maxRunMs,
    kernelBtf,
    kconfig,
    filter: tasksOf(filter, options),
  });
  const machine = openMachine(built.image, { clock: options.clock });
  return new EmbeddedCollection({
    spec,
    built,
    machine,
    engineOptions,
    sources: options.sources ?? [],
    architecture,
    hostTask: options.hostTask ?? (() => idleTask),
  });
}
