import { forThreads } from "../../../base/shared-bytes.ts";
import type { EbpfError } from "../../../base/errors.ts";
import type { EngineOptions } from "../../engine.ts";
import type { Architecture } from "../load/own-btf.ts";
import type { Machine, Task } from "../machine/contracts.ts";
import type { MachineImage } from "../machine/image.ts";
import { type AttachPlace, placeOfSection } from "../sources/attach-place.ts";
import { type EventContext, runContext } from "../sources/context-type.ts";
import { EventRunner } from "../sources/event-runner.ts";
import type { SourceHost } from "../sources/event-source.ts";
import type { PrintReports } from "./print-reports.ts";
import { Reports } from "../../../base/reports.ts";

export interface EventHostOptions {
  readonly machine: Machine;
  readonly prints: PrintReports;
  readonly task: () => Task;
  readonly architecture: Architecture;
  readonly engineOptions: Pick<EngineOptions, "onFault"> & Pick<SourceHost, "onPrint">;
}

/**
 * A collection as its sources see it. After the first failure of `onPrint` or `onFault` that an event of this thread leads to, there are no
 * more such events, and `close()` throws what went wrong.
 */
export class EventHost implements SourceHost {
  readonly task: () => Task;
  readonly architecture: Architecture;
  readonly onPrint: SourceHost["onPrint"];
  readonly onFault: (fault: EbpfError) => void;
  readonly #machine: Machine;
  readonly #prints: PrintReports;
  readonly #runner: EventRunner;
  readonly #reports = new Reports();
  #closed = false;

  constructor({ machine, prints, task, architecture, engineOptions }: EventHostOptions) {
    this.task = task;
    this.architecture = architecture;
    this.onPrint = engineOptions.onPrint;
    this.onFault = engineOptions.onFault;
    this.#machine = machine;
    this.#prints = prints;
    this.#runner = new EventRunner(machine, (fault) => this.#reports.tell(() => this.onFault(fault)));
  }

  get programs(): readonly AttachPlace[] {
    return this.#machine.image.programs.map(placeOfSection);
  }

  fire(program: number, context: EventContext, task: Task = this.task()): bigint | undefined {
    if (this.#closed || this.#reports.failure !== undefined) return undefined;
    const placed = runContext(context);
    return this.#prints.by(this.#reports, () => this.#runner.run(program, placed, task));
  }

  shareImage(action: string): MachineImage {
    const { image } = this.#machine;
    forThreads(image.shared, action);
    return image;
  }

  /** Once the sources have stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reports.settled();
    if (this.#reports.failure !== undefined) throw this.#reports.failure.error;
  }
}
