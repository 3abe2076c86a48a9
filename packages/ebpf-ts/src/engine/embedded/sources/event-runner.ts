import { checkMembers, maybe, type MemberChecks } from "../../../base/check-members.ts";
import { aFunction, anObject } from "../../../base/checks.ts";
import { EbpfError } from "../../../base/errors.ts";
import type { Clock } from "../machine/clock.ts";
import type { Machine, RunContext, RunOrigin, Task } from "../machine/contracts.ts";
import type { MachineImage } from "../machine/image.ts";
import { passes } from "../machine/task-filter.ts";
import { openMachine } from "../load/open-machine.ts";

/** Called in the thread that runs the programs. */
export interface EventReports {
  readonly onPrint: (line: string, origin: RunOrigin) => void;
  readonly onFault: (fault: EbpfError) => void;
  /** What programs read there; by default the thread's own, which need not be that of other threads (Bun, Deno). */
  readonly clock?: Clock | undefined;
  /** Whether this thread's runs are to end, beside those of a collection that closes: asked every few milliseconds of a run. */
  readonly isClosing?: (() => boolean) | undefined;
}

const checks: MemberChecks<EventReports> = {
  onPrint: aFunction,
  onFault: aFunction,
  clock: maybe(anObject),
  isClosing: maybe(aFunction),
};

/** Runs programs for events, in one thread. What goes wrong in one run ends that run only. */
export class EventRunner {
  readonly #machine: Machine;
  readonly #onFault: (fault: EbpfError) => void;

  constructor(machine: Machine, onFault: (fault: EbpfError) => void) {
    this.#machine = machine;
    this.#onFault = onFault;
  }

  /** Gives r0; undefined after a fault, for a task whose events are filtered out, or once the collection closes, which is no fault. */
  run(program: number, context: RunContext, task: Task): bigint | undefined {
    try {
      if (!passes(this.#machine.image.filter, task)) return undefined;
      return this.#machine.run(program, context, task).returnValue;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== "CLOSED") this.#onFault(fault);
      return undefined;
    }
  }
}

/** For a thread of a source's own, of the image that {@link SourceHost.shareImage} has given. */
export function openEventRunner(image: MachineImage, reports: EventReports): EventRunner {
  anObject(image?.memory, "The image of openEventRunner(), as shareImage() gives it,");
  checkMembers(reports, checks, "The reports of openEventRunner()");
  const { onPrint, onFault, clock, isClosing } = reports;
  const machine = openMachine(image, { clock, isClosing });
  machine.onPrint = onPrint;
  return new EventRunner(machine, onFault);
}

function asFault(error: unknown): EbpfError {
  if (error instanceof EbpfError) return error;
  return new EbpfError("FAULT", `Cannot run a program: ${String(error)}`, { cause: error });
}
