import { helpers } from "../helpers/index.ts";
import type { Clock } from "../machine/clock.ts";
import type { Machine } from "../machine/contracts.ts";
import type { MachineImage } from "../machine/image.ts";
import { assembleMachine } from "../machine/machine.ts";
import { openMap } from "../maps/open-map.ts";
import { executors } from "./executors.ts";

export interface MachineOptions {
  readonly clock?: Clock | undefined;
  /** Whether this thread's runs are to end, beside those of a collection that closes. */
  readonly isClosing?: (() => boolean) | undefined;
}

/** This thread's view of a collection. Every thread that runs its programs opens the same image. */
export function openMachine(image: MachineImage, { clock, isClosing }: MachineOptions = {}): Machine {
  const executor = executors.get(image.executor);
  if (executor === undefined) throw new RangeError(`Nothing here is called ${image.executor} and runs programs`);
  return assembleMachine(image, { executor, helpers, openMap, clock, isClosing });
}
