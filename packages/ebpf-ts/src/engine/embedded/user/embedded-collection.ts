import { EbpfError } from "../../../base/errors.ts";
import type { CollectionSpec } from "../../../spec/types.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../../command.ts";
import type { EngineCollection, EngineOptions } from "../../engine.ts";
import type { EngineMap } from "../../map.ts";
import type { EnginePrints, PrintedLine, PrintOrigin } from "../../prints.ts";
import type { EngineProgram } from "../../program.ts";
import type { EventScope } from "../../scope.ts";
import type { BuiltImage } from "../load/build-image.ts";
import type { Machine, Task } from "../machine/contracts.ts";
import type { Architecture } from "../load/own-btf.ts";
import type { EventSource } from "../sources/event-source.ts";
import { CollectionSources } from "./collection-sources.ts";
import { EmbeddedMap } from "./embedded-map.ts";
import { EmbeddedProgram } from "./embedded-program.ts";
import { EventHost } from "./event-host.ts";
import { PrintReports } from "./print-reports.ts";

export interface EmbeddedCollectionOptions {
  readonly spec: CollectionSpec;
  readonly built: BuiltImage;
  readonly machine: Machine;
  readonly engineOptions: EngineOptions;
  readonly sources: readonly EventSource[];
  readonly architecture: Architecture;
  readonly hostTask: () => Task;
}

/** A collection that lives in this process. */
export class EmbeddedCollection implements EngineCollection {
  readonly engine = "embedded";
  readonly maps: ReadonlyMap<string, EngineMap>;
  readonly programs: ReadonlyMap<string, EngineProgram>;
  readonly missing: ReadonlyMap<string, EbpfError>;
  readonly #options: EmbeddedCollectionOptions;
  readonly #prints: PrintReports;
  readonly #host: EventHost;
  readonly #sources: CollectionSources;
  readonly #parts: readonly { close(): void }[];
  readonly #listeners = new Set<(line: PrintedLine) => void>();
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedCollectionOptions) {
    const { machine, hostTask, architecture, sources } = options;
    const onPrint = (line: string, origin?: PrintOrigin): unknown => this.#print(line, origin);
    const engineOptions = { ...options.engineOptions, onPrint };
    this.#options = options;
    this.missing = options.built.missing;
    this.#prints = new PrintReports(engineOptions.onPrint);
    machine.onPrint = this.#prints.print;
    const programs = this.#openPrograms();
    const maps = this.#openMaps(new Map(programs.map((program) => [program, program])));
    this.programs = new Map(programs.map((program) => [program.info.name, program]));
    this.maps = new Map(maps.map((map) => [map.info.name, map]));
    this.#parts = [...programs, ...maps];
    this.#fillSlots();
    this.#host = new EventHost({ machine, prints: this.#prints, task: hostTask, architecture, engineOptions });
    // Last of all: a source may be at work as soon as it is started.
    this.#sources = new CollectionSources(sources, this.#host);
  }

  async spawn(file: string, args: readonly string[], spawn: SpawnOptions): Promise<EngineCommand> {
    this.#check();
    return this.#sources.spawn(file, args, spawn);
  }

  async start(held: HeldCommand): Promise<EngineCommand> {
    this.#check();
    return this.#sources.start(held);
  }

  /** Nothing waits anywhere: a line is handed over as it is told of. */
  prints(onLine: (line: PrintedLine) => void): EnginePrints {
    // Who asks twice with one function gets two.
    const listener = (line: PrintedLine): void => onLine(line);
    this.#listeners.add(listener);
    const ready = Promise.resolve();
    return { ready, drain: () => ready, lost: 0, close: () => void this.#listeners.delete(listener) };
  }

  get scope(): EventScope {
    return { of: "command", filter: this.#options.engineOptions.filter ?? {}, exceptions: [] };
  }

  endRuns(): void {
    this.#options.machine.close();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // Before the sources: in a thread of theirs a program may run.
    this.endRuns();
    const failures = await this.#sources.stop();
    for (const part of this.#parts) part.close();
    await this.#host.close().catch((failure: unknown) => failures.push(failure));
    if (failures.length > 0) throw failures[0];
  }

  /** What `onPrint` gives, which may be a promise, is for who called. */
  #print(text: string, origin?: PrintOrigin): unknown {
    const { machine, hostTask, engineOptions } = this.#options;
    if (this.#listeners.size > 0) {
      const from = origin ?? { pid: hostTask().pid, cpu: 0, time: machine.clock.monotonic() };
      for (const listener of this.#listeners) listener({ text, ...from });
    }
    return engineOptions.onPrint(text);
  }

  #openPrograms(): EmbeddedProgram[] {
    const { built, machine, hostTask } = this.#options;
    const prints = this.#prints;
    return built.specs.map(
      (_, index) =>
        new EmbeddedProgram({
          machine,
          prints,
          index,
          tag: built.tags[index]!,
          hostTask,
          sources: () => this.#sources,
        }),
    );
  }

  #openMaps(programs: ReadonlyMap<EngineProgram, EmbeddedProgram>): EmbeddedMap[] {
    const { spec, machine } = this.#options;
    const programOf = (program: EngineProgram): { index: number; type: number } | undefined => {
      const own = programs.get(program);
      return own && { index: own.index, type: own.info.type };
    };
    return machine.maps.flatMap((map, index) =>
      this.missing.has(map.image.name) ? [] : [new EmbeddedMap({ map, spec: spec.maps[index]!, machine, programOf })],
    );
  }

  /** Puts the programs into prog arrays that the object names there. */
  #fillSlots(): void {
    for (const { name, slots } of this.#options.spec.maps) {
      for (const slot of slots) {
        const program = this.programs.get(slot.name);
        if (program === undefined) {
          throw new EbpfError(
            "NOT_FOUND",
            `Cannot load map ${name}: its slot ${slot.index} wants program ${slot.name}, which is not loaded`,
          );
        }
        this.maps.get(name)!.setProgram!(slot.index, program);
      }
    }
  }

  #check(): void {
    if (this.#closed !== undefined) throw new EbpfError("CLOSED", "Cannot start a command: the collection is closed");
  }
}
