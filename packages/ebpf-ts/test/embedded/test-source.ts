import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { EbpfError } from "../../src/base/errors.ts";
import type { EngineCommand } from "../../src/engine/command.ts";
import type { MachineImage } from "../../src/engine/embedded/machine/image.ts";
import { AttachedPrograms } from "../../src/engine/embedded/sources/attached-programs.ts";
import type { ContextType } from "../../src/engine/embedded/sources/context-type.ts";
import type { AttachPlace } from "../../src/engine/embedded/sources/attach-place.ts";
import type {
  AttachPoint,
  EventSource,
  RunningSource,
  SourceHost,
} from "../../src/engine/embedded/sources/event-source.ts";

/** What `source-thread.ts` is given. */
export interface SourceThreadData {
  readonly image: MachineImage;
  readonly programs: readonly number[];
  readonly count: number;
}

export const tickContext: ContextType = { size: 8 };

/** Raw tracepoints of names that are given, which fire when they are told to: in this thread, or in one of their own. */
export class TestSource implements EventSource, RunningSource {
  readonly name: string;
  readonly places: readonly string[];
  readonly spawned: string[] = [];
  stopped = 0;
  readonly #context: ContextType;
  readonly #attached = new AttachedPrograms<string>();
  #host: SourceHost | undefined;
  spawn?: (file: string) => Promise<EngineCommand>;

  constructor(name: string, ticks: readonly string[], context: ContextType = tickContext) {
    this.name = name;
    this.places = ticks.map((tick) => `raw_tp/${tick}`);
    this.#context = context;
  }

  start(host: SourceHost): RunningSource {
    this.#host = host;
    return this;
  }

  find({ kind, name }: AttachPlace): AttachPoint | undefined {
    if (kind !== "raw_tracepoint") return undefined;
    if (name === `${this.name}_gone`) throw new EbpfError("NOT_FOUND", `${this.name} has no ${name} any more`);
    if (!this.places.includes(`raw_tp/${name}`)) return undefined;
    return { context: this.#context, attach: (program) => this.#attached.attach(name, program) };
  }

  stop(): void {
    this.stopped++;
  }

  /** What the programs gave. */
  fire(tick: string, value: bigint): (bigint | undefined)[] {
    const bytes = new Uint8Array(this.#context.size);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    return this.#attached.at(tick).map((program) => this.#host!.fire(program, { type: this.#context, bytes }));
  }

  /** Fires all numbers below `count` in a thread; gives its faults. */
  async fireInThread(tick: string, count: number): Promise<string[]> {
    const image = this.#host!.shareImage("fire in a thread");
    const workerData: SourceThreadData = { image, programs: this.#attached.at(tick), count };
    const worker = new Worker(new URL("./source-thread.js", import.meta.url), { workerData });
    return (await once(worker, "message"))[0] as string[];
  }
}
