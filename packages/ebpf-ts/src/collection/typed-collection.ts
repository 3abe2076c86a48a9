import type { EngineCommand, SpawnOptions } from "../engine/command.ts";
import type { EngineName } from "../engine/engine-name.ts";
import type { LockDownOptions, LockDownReport } from "../engine/lock-down.ts";
import type { EventScope } from "../engine/scope.ts";
import { mapKind, type NounKind } from "../kinds/map-kinds.ts";
import type { Link } from "../link/link.ts";
import type { MapNoun } from "../map/nouns.gen.ts";
import type { PrintStream, PrintkOptions } from "../stream/print-stream.ts";
import type { Collection } from "./collection.ts";
import { type DescriptionPart, partOf } from "./description-part.ts";
import type { ObjectDescription } from "./description.ts";

/**
 * A collection whose parts are properties, with the types that a description gives them: `bpf.maps.counts`, `bpf.rings.events`. What it is
 * made from is {@link collection}, which opens the same maps.
 */
export class TypedCollection<Description extends ObjectDescription = ObjectDescription> {
  /** The same without types, and with all that is done by name. */
  readonly collection: Collection;
  /** Maps with keys and values, queues and filters; none of the sections of global variables. */
  readonly maps: Description["maps"];
  /** Rings that programs write: ring buffers, and perf event arrays, which are opened by their first use. */
  readonly rings: Description["rings"];
  /** Rings that user space writes. */
  readonly userRings: Description["userRings"];
  readonly variables: Description["variables"];
  readonly programs: Description["programs"];

  constructor(collection: Collection) {
    this.collection = collection;
    const { spec, maps, variables, programs } = collection;
    const nouns = (room: DescriptionPart): object =>
      named(
        spec.maps.filter((map) => partOf(map) === room),
        maps,
        (name) => maps.get(name) ?? refuse(collection, name),
      );
    this.maps = nouns("maps");
    this.rings = nouns("rings");
    this.userRings = nouns("userRings");
    this.variables = named(spec.variables, variables, (name) => collection.variable(name));
    this.programs = named(spec.programs, programs, (name) => collection.program(name));
  }

  get engine(): EngineName {
    return this.collection.engine;
  }

  /** See {@link Collection.scope}. */
  get scope(): EventScope {
    return this.collection.scope;
  }

  /** See {@link Collection.links}. */
  get links(): readonly Link[] {
    return this.collection.links;
  }

  /** See {@link Collection.lost}. */
  get lost(): number | undefined {
    return this.collection.lost;
  }

  /** See {@link Collection.attach}. */
  attach(): Promise<Link[]> {
    return this.collection.attach();
  }

  /** See {@link Collection.spawn}. */
  spawn(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<EngineCommand> {
    return this.collection.spawn(file, args, options);
  }

  /** See {@link Collection.start}. */
  start(): Promise<EngineCommand> {
    return this.collection.start();
  }

  /** See {@link Collection.printk}. */
  printk(options: PrintkOptions = {}): PrintStream {
    return this.collection.printk(options);
  }

  /** See {@link Collection.lockDown}. */
  lockDown(options: LockDownOptions = {}): Promise<LockDownReport> {
    return this.collection.lockDown(options);
  }

  /** See {@link Collection.close}. */
  close(): Promise<void> {
    return this.collection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The door of a map that was not loaded throws, and says why. */
function refuse(collection: Collection, name: string): MapNoun {
  const { type } = collection.spec.maps.find((map) => map.name === name)!;
  const doors: Readonly<Record<NounKind, () => MapNoun>> = {
    "bpf-map": () => collection.map(name),
    queue: () => collection.queue(name),
    "bloom-filter": () => collection.bloomFilter(name),
    "ring-buf": () => collection.ringBuf(name),
    "perf-event-array": () => collection.perfEventArray(name),
    "user-ring-buf": () => collection.userRingBuf(name),
    "struct-ops": () => collection.structOps(name),
  };
  return doors[mapKind(type).noun]();
}

/** Names of an object may be those that all objects have. A part that was not loaded is not listed, and says why to who asks for it. */
function named(
  specs: readonly { readonly name: string }[],
  loaded: ReadonlyMap<string, unknown>,
  get: (name: string) => unknown,
): object {
  const all = Object.create(null) as object;
  for (const name of new Set(specs.map((spec) => spec.name))) {
    Object.defineProperty(all, name, { enumerable: loaded.has(name), get: () => get(name) });
  }
  return Object.freeze(all);
}
