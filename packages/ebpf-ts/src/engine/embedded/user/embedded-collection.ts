import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { CollectionSpec } from "../../../spec/types.ts";
import type { EngineCommand, SpawnOptions } from "../../command.ts";
import type { EngineCollection, EngineOptions } from "../../engine.ts";
import type { EngineMap } from "../../map.ts";
import type { EngineProgram } from "../../program.ts";
import type { BuiltImage } from "../load/build-image.ts";
import type { Machine, Task } from "../machine/contracts.ts";
import type { CommandSource, SourcedCommand } from "./embedded-engine.ts";
import { EmbeddedMap } from "./embedded-map.ts";
import { EmbeddedProgram } from "./embedded-program.ts";
import { PrintReports } from "./print-reports.ts";

export interface EmbeddedCollectionOptions {
  readonly spec: CollectionSpec;
  readonly built: BuiltImage;
  readonly machine: Machine;
  readonly engineOptions: EngineOptions;
  readonly source: CommandSource | undefined;
  readonly hostTask: () => Task;
}

/** A collection that lives in this process. */
export class EmbeddedCollection implements EngineCollection {
  readonly engine = "embedded";
  readonly maps: ReadonlyMap<string, EngineMap>;
  readonly programs: ReadonlyMap<string, EngineProgram>;
  readonly #options: EmbeddedCollectionOptions;
  readonly #commands = new Set<SourcedCommand>();
  readonly #parts: readonly { close(): void }[];
  #closed = false;

  constructor(options: EmbeddedCollectionOptions) {
    this.#options = options;
    const programs = this.#openPrograms();
    const maps = this.#openMaps(new Map(programs.map((program) => [program, program])));
    this.programs = new Map(programs.map((program) => [program.info.name, program]));
    this.maps = new Map(maps.map((map) => [map.info.name, map]));
    this.#parts = [...programs, ...maps];
    this.#fillSlots();
  }

  async spawn(file: string, args: readonly string[], spawn: SpawnOptions): Promise<EngineCommand> {
    this.#check();
    const { source, machine, engineOptions } = this.#options;
    if (source === undefined) {
      throw new NotSupportedError(
        "spawn",
        `Cannot start ${file}: this embedded engine has no source of events, run the programs by hand`,
      );
    }
    const { onPrint, onFault } = engineOptions;
    const command = await source.start({ image: machine.image, file, args, spawn, onPrint, onFault });
    this.#commands.add(command);
    if (this.#closed) await command.close();
    return command;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ends = await Promise.allSettled([...this.#commands].map((command) => command.close()));
    for (const part of this.#parts) part.close();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  #openPrograms(): EmbeddedProgram[] {
    const { built, machine, source, hostTask, engineOptions } = this.#options;
    const prints = new PrintReports(engineOptions.onPrint);
    machine.onPrint = prints.print;
    return built.specs.map(
      (_, index) =>
        new EmbeddedProgram({
          machine,
          prints,
          index,
          tag: built.tags[index]!,
          hostTask,
          checkAttach: (image) => source?.checkAttach(image),
        }),
    );
  }

  #openMaps(programs: ReadonlyMap<EngineProgram, EmbeddedProgram>): EmbeddedMap[] {
    const { spec, machine } = this.#options;
    const programOf = (program: EngineProgram): { index: number; type: number } | undefined => {
      const own = programs.get(program);
      return own && { index: own.index, type: own.info.type };
    };
    const { buffer } = machine.image.memory;
    return machine.maps.map(
      (map, index) => new EmbeddedMap({ map, spec: spec.maps[index]!, buffer, cpus: machine.image.cpus, programOf }),
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
    if (this.#closed) throw new EbpfError("CLOSED", "Cannot start a command: the collection is closed");
  }
}
