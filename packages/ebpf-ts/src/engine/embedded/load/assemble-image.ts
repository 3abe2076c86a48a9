import type { MachineImage, MachineMapImage, MachineProgramImage } from "../machine/image.ts";
import { directoryBytes } from "../machine/late-maps/map-directory.ts";
import { SharedState } from "../machine/shared-state.ts";
import type { TaskFilter } from "../machine/task-filter.ts";
import type { MemoryLayout } from "../memory/memory-plan.ts";
import { defaultExecutor } from "./executors.ts";

/** For maps that are made after load; of what nobody uses, only addresses are taken. */
const defaultHeap = 64 * 2 ** 20;

export interface ImageParts {
  /** Where the CPUs and the maps are laid out already. */
  readonly layout: MemoryLayout;
  readonly cpus: number;
  readonly maps: readonly MachineMapImage[];
  readonly programs: readonly MachineProgramImage[];
  readonly instructionBudget: number;
  readonly maxRunMs: number;
  /** A name of `executors.ts`. */
  readonly executor?: string | undefined;
  /** By default everybody's. */
  readonly filter?: TaskFilter | undefined;
  /** Bytes; by default 64 MiB, and never more than the 4 GiB of a machine leave. */
  readonly heap?: number | undefined;
}

export function assembleImage({
  layout,
  cpus,
  maps,
  programs,
  instructionBudget,
  maxRunMs,
  executor,
  filter,
  heap,
}: ImageParts): MachineImage {
  const directory = layout.reserve("the directory of later maps", directoryBytes, "machine");
  return {
    ...layout.createMemory(heap ?? defaultHeap),
    directory,
    cpus,
    maps,
    programs,
    instructionBudget,
    maxRunMs,
    executor: executor ?? defaultExecutor,
    filter: filter ?? {},
    shared: SharedState.bufferFor(cpus),
  };
}
