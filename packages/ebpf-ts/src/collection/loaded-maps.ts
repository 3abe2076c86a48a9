import { EbpfError } from "../base/errors.ts";
import { LazyMap } from "../base/lazy-map.ts";
import type { EngineMap } from "../engine/map.ts";
import type { PerfOptions } from "../engine/perf.ts";
import { mapKind, type NounKind } from "../kinds/map-kinds.ts";
import type { LiveLinks } from "../link/live-links.ts";
import { makeNoun } from "../map/make-noun.ts";
import { nounMakers } from "../map/noun-makers.gen.ts";
import type { MapNoun, MapNouns } from "../map/nouns.gen.ts";
import { perfOptions } from "../map/perf/perf-options.ts";
import { BpfMap } from "../map/bpf-map.ts";
import type { ValueTypes } from "../map/noun.ts";
import { isHandedOut } from "../memory/handed-out.ts";
import { entryOf } from "../spec/entries/entry-of.ts";
import type { CollectionSpec, MapSpec } from "../spec/types.ts";
import { find } from "./find.ts";
import type { Losses } from "./losses.ts";
import { RecordTypes, type TypeOption } from "./record-types.ts";

export interface LoadedMapsParts {
  readonly spec: CollectionSpec;
  /** Of the engine, by name. */
  readonly loaded: ReadonlyMap<string, EngineMap>;
  /** Why some of them are not there, by name. */
  readonly missing?: ReadonlyMap<string, EbpfError> | undefined;
  readonly losses: Losses;
  readonly links: LiveLinks;
  /** What turns out to be wrong with the object, later on. */
  readonly onFinding?: ((finding: string) => void) | undefined;
  /** Throws when the collection is closed. */
  readonly check: () => void;
}

/** The maps of a collection as their nouns. Each is opened once, so that two users of a ring meet at the same consumer. */
export class LoadedMaps {
  readonly all: ReadonlyMap<string, MapNoun>;
  readonly #parts: LoadedMapsParts;
  readonly #records: RecordTypes;
  readonly #open = new Map<string, MapNoun>();
  /** How the rings of perf event arrays are to be made. */
  readonly #perf = new Map<string, PerfOptions>();
  #sealed = false;

  constructor(parts: LoadedMapsParts) {
    const { spec, loaded, onFinding } = parts;
    this.#parts = parts;
    this.#records = new RecordTypes(spec, onFinding);
    const names = spec.maps.map(({ name }) => name).filter((name) => loaded.has(name));
    this.all = new LazyMap(names, (name) => this.#noun(name));
  }

  /** The map of that name, which must be that. */
  of<Noun extends "bpf-map" | "queue" | "bloom-filter" | "struct-ops">(noun: Noun, name: string): MapNouns[Noun] {
    return this.#as(noun, name);
  }

  /** A ring of which a user has said what its records are, or that they are what the object tells. */
  ring<Ring extends "ring-buf" | "user-ring-buf">(noun: Ring, name: string, options: TypeOption): MapNouns[Ring] {
    const spec = this.#specOf(noun, name);
    if (!this.#open.has(name)) this.#records.forget(spec);
    this.#records.choose(spec, options).settle();
    return this.#as(noun, name);
  }

  /** Its rings are open then. The options are those of whoever opens them. */
  perfEventArray(name: string, options: TypeOption, perf: PerfOptions): MapNouns["perf-event-array"] {
    const spec = this.#specOf("perf-event-array", name);
    const array = this.#as("perf-event-array", name);
    if (array.isOpen) return array;
    this.#records.choose(spec, options);
    this.#perf.set(name, perf);
    array.open();
    return array;
  }

  /** Throws BUSY where a user holds memory that can be written as a plain array. */
  refuseSeal(): void {
    const held = this.#keyed.filter(({ openMemory }) => openMemory !== undefined && isHandedOut(openMemory));
    if (held.length === 0) return;
    const names = held.map(({ info }) => info.name).join(", ");
    throw new EbpfError(
      "BUSY",
      `Cannot make the maps read-only: memory of ${names} was given away as a plain array (values, bytes), which can be written`,
    );
  }

  /** Nothing of them is written by user space any more, but rings. */
  seal(): void {
    this.#sealed = true;
    for (const noun of this.#open.values()) if (noun instanceof BpfMap) noun.seal();
    for (const map of this.#keyed) map.seal?.();
  }

  /** Perf event arrays without rings. */
  get unopened(): readonly string[] {
    const { spec, loaded } = this.#parts;
    const arrays = spec.maps.filter(({ name, type }) => loaded.has(name) && mapKind(type).noun === "perf-event-array");
    return arrays
      .filter(({ name }) => !(this.#open.get(name) as MapNouns["perf-event-array"] | undefined)?.isOpen)
      .map(({ name }) => name);
  }

  /** Event rings that records cannot be injected into without loading something. */
  get uninjected(): readonly string[] {
    const { spec, loaded } = this.#parts;
    const rings = spec.maps.filter(({ name, type }) => loaded.has(name) && mapKind(type).noun === "ring-buf");
    return rings
      .filter(({ name }) => !(this.#open.get(name) as MapNouns["ring-buf"] | undefined)?.canInject)
      .map(({ name }) => name);
  }

  close(): void {
    for (const noun of this.#open.values()) noun.close();
  }

  get #keyed(): readonly EngineMap[] {
    return [...this.#parts.loaded.values()].filter(({ ring }) => ring === undefined);
  }

  #as<Noun extends NounKind>(noun: Noun, name: string): MapNouns[Noun] {
    this.#specOf(noun, name);
    return this.#noun(name) as MapNouns[Noun];
  }

  /** Throws when the map is something else, and says what. */
  #specOf(noun: NounKind, name: string): MapSpec {
    this.#parts.check();
    const spec = find(this.#parts.spec.maps, name, "map");
    const { noun: own } = mapKind(spec.type);
    if (own === noun) return spec;
    throw new TypeError(`Cannot open map ${name} that way: ${nounMakers[own].door}`);
  }

  #noun(name: string): MapNoun {
    this.#parts.check();
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opened = this.#make(find(this.#parts.spec.maps, name, "map"));
    this.#open.set(name, opened);
    if (this.#sealed && opened instanceof BpfMap) opened.seal();
    return opened;
  }

  #make(spec: MapSpec): MapNoun {
    const { name } = spec;
    const { loaded, losses, links } = this.#parts;
    const map = loaded.get(name);
    if (map === undefined) throw this.#parts.missing?.get(name) ?? notLoaded(spec);
    return makeNoun(map, {
      types: this.#types(spec),
      record: this.#records.of(spec),
      perf: () => this.#perf.get(name) ?? perfOptions({}),
      lost: losses.countedFor(name),
      attach: (ops) => links.attach(ops),
      onClose: () => this.#forget(spec),
    });
  }

  /** What is wrong with debug information shows when it is read. */
  #types(map: MapSpec): ValueTypes {
    const { spec, onFinding } = this.#parts;
    const before = spec.findings?.length ?? 0;
    const { btf, key, value } = entryOf(spec, map);
    for (const finding of spec.findings?.slice(before) ?? []) onFinding?.(finding);
    return { btf, key: key.type, value: value.type };
  }

  /** A ring that was closed stays so: its reader has left. A map may be opened anew. */
  #forget({ name, type }: MapSpec): void {
    if (mapKind(type).ring === undefined) this.#open.delete(name);
  }
}

function notLoaded({ name, autoload }: MapSpec): EbpfError {
  const how = autoload === false ? `, give load() maps: { ${name}: { load: true } }` : "";
  return new EbpfError("NOT_FOUND", `Cannot open map ${name}: it was not loaded${how}`);
}
