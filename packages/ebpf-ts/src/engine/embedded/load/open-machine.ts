import { helpers } from "../helpers/index.ts";
import { interpreter } from "../interpret/interpreter.ts";
import type { Clock } from "../machine/clock.ts";
import type { Machine } from "../machine/contracts.ts";
import type { MachineImage } from "../machine/image.ts";
import { defaultExecutor, type Executor } from "../machine/executor.ts";
import { assembleMachine } from "../machine/machine.ts";
import { openMap } from "../maps/open-map.ts";

/** By the name that an image carries. Another way to run programs is a line here, and a room of its own. */
const executors: ReadonlyMap<string, Executor> = new Map([[defaultExecutor, interpreter]]);

export interface MachineOptions {
  readonly clock?: Clock | undefined;
}

/** This thread's view of a collection. Every thread that runs its programs opens the same image. */
export function openMachine(image: MachineImage, { clock }: MachineOptions = {}): Machine {
  const executor = executors.get(image.executor);
  if (executor === undefined) throw new RangeError(`Nothing here is called ${image.executor} and runs programs`);
  return assembleMachine(image, { executor, helpers, openMap, clock });
}
