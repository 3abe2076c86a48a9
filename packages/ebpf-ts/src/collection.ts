import { makeDecoder, makeEncoder } from "./btf/index.ts";
import { attachesItself } from "./attach/attaches-itself.ts";
import type { EngineCommand, SpawnOptions } from "./engine/command.ts";
import type { EngineCollection } from "./engine/engine.ts";
import type { EngineName } from "./engine/engine-name.ts";
import type { EngineMap } from "./engine/map.ts";
import type { EngineRing } from "./engine/ring.ts";
import { EbpfError } from "./base/errors.ts";
import type { Link } from "./link/link.ts";
import { LiveLinks } from "./link/live-links.ts";
import { mapKind, type NounKind } from "./kinds/map-kinds.ts";
import { BpfMap } from "./map/bpf-map.ts";
import { readLoss } from "./map/loss.ts";
import { RingBuf } from "./map/ring-buf.ts";
import { UserRingBuf } from "./map/user-ring-buf.ts";
import { codecFor } from "./map/value-codec.ts";
import { PerfEventArray } from "./map/perf/perf-event-array.ts";
import { perfChecks, perfOptions, type PerfRingOptions } from "./map/perf/perf-options.ts";
import { memoryShape } from "./map/memory-shape.ts";
import { Variable } from "./map/variable.ts";
import type { Shape } from "./memory/shape.ts";
import { Program } from "./program/program.ts";
import { type Checks, checkOptions } from "./base/check-options.ts";
import { aString } from "./base/checks.ts";
import { checkSpawn } from "./engine/command.ts";
import type { RecordDecoder } from "./stream/record-stream.ts";
import { findLossCounters, findSharedLossCounters, type LossCounters } from "./spec/loss-counters.ts";
import type { CollectionSpec, MapSpec } from "./spec/types.ts";

/** A decoded struct whose fields TypeScript does not know: give a type argument to say more. */
// oxlint-disable-next-line typescript/no-explicit-any -- the fields are the object's own, which no compiler has seen
export type Fields = Record<string, any>;

export interface TypeOption {
  /** Name of the record's struct or typedef in the object's BTF, where the object does not tell by itself. */
  readonly type?: string | undefined;
}

const typeChecks: Checks<TypeOption> = { type: aString };
const perfArrayChecks: Checks<TypeOption & PerfRingOptions> = { ...typeChecks, ...perfChecks };

type Opened = BpfMap | RingBuf | UserRingBuf | PerfEventArray | Variable;

/** A loaded object: its maps and programs, alive on one engine. */
export class Collection {
  readonly spec: CollectionSpec;
  readonly programs: ReadonlyMap<string, Program>;
  readonly #engine: EngineCollection;
  readonly #open = new Map<string, Opened>();
  /** Of the rings that are open, by the keys of {@link #open}. */
  readonly #recordTypes = new Map<string, number | undefined>();
  readonly #links = new LiveLinks();
  /** Of all views of its memory. */
  readonly #lifetime = { open: true };
  #closed: Promise<void> | undefined;

  constructor(spec: CollectionSpec, engine: EngineCollection) {
    this.spec = spec;
    this.#engine = engine;
    const programs = new Map<string, Program>();
    for (const program of spec.programs) {
      const loaded = engine.programs.get(program.name);
      if (loaded !== undefined) programs.set(program.name, new Program(program, loaded, this.#links));
    }
    this.programs = programs;
  }

  get engine(): EngineName {
    return this.#engine.engine;
  }

  /** The map of that name, typed by the object's BTF. Rings have nouns of their own. */
  map<K = unknown, V = unknown>(name: string): BpfMap<K, V> {
    return this.#once(`map ${name}`, () => {
      const { spec, map } = this.#map(name);
      this.#refuseRing(spec);
      const key = codecFor(this.spec.btf, spec.keyType, map.info.keySize, `a key of map ${name}`);
      const value = codecFor(this.spec.btf, spec.valueType, map.info.valueSize, `a value of map ${name}`);
      const shape = (): Shape => memoryShape(this.spec.btf, spec.valueType, map.info.valueSize, `map ${name}`);
      return new BpfMap(map, key, value, mapKind(spec.type).perCpu, { shape, lifetime: this.#lifetime });
    }) as BpfMap<K, V>;
  }

  /** The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). */
  ringBuf<T = Fields>(name: string, options: TypeOption = {}): RingBuf<T> {
    checkOptions(options, typeChecks, "ringBuf()");
    this.#checkSameType(`ringBuf ${name}`, name, options);
    return this.#once(`ringBuf ${name}`, () => {
      const { spec, ring, pin } = this.#ring(name, "ring-buf");
      const type = this.#recordType(spec, options);
      this.#recordTypes.set(`ringBuf ${name}`, type);
      const decoder = type === undefined ? undefined : makeDecoder(this.spec.btf!, type);
      const recordType = type === undefined ? undefined : { btf: this.spec.btf!, id: type };
      const lost = this.#lossOf(findLossCounters(this.spec, name));
      return new RingBuf({ name, ring, pin, lost, type: recordType, decode: decoder?.decode.bind(decoder) });
    }) as RingBuf<T>;
  }

  /**
   * Events of all rings that programs could not write since a ring was full, as far as anybody counts them (see {@link RingBuf.lost});
   * undefined where nobody does.
   */
  get lost(): number | undefined {
    this.#check();
    const rings = this.spec.maps.filter(
      ({ name, type }) => mapKind(type).ring === "event" && this.#engine.maps.has(name),
    );
    const counted = rings.map(({ name }) => this.#lostOf(name)).filter((lost) => lost !== undefined);
    const shared = counted.length === rings.length ? undefined : this.#lossOf(findSharedLossCounters(this.spec));
    if (shared !== undefined) counted.push(shared());
    return counted.length === 0 ? undefined : counted.reduce((sum, lost) => sum + lost, 0);
  }

  /** The ring that user space writes and programs drain (BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1). */
  userRingBuf<T = Fields>(name: string, options: TypeOption = {}): UserRingBuf<T> {
    checkOptions(options, typeChecks, "userRingBuf()");
    this.#checkSameType(`userRingBuf ${name}`, name, options);
    return this.#once(`userRingBuf ${name}`, () => {
      const { spec, ring, pin } = this.#ring(name, "user-ring-buf");
      const type = this.#recordType(spec, options);
      this.#recordTypes.set(`userRingBuf ${name}`, type);
      const recordType = type === undefined ? undefined : { btf: this.spec.btf!, id: type };
      const encoder = type === undefined ? undefined : makeEncoder(this.spec.btf!, type);
      return new UserRingBuf({ name, ring, pin, type: recordType, encoder });
    }) as UserRingBuf<T>;
  }

  /**
   * The rings of all CPUs that programs write with `bpf_perf_event_output` (BPF_MAP_TYPE_PERF_EVENT_ARRAY, Linux 4.3; kernel engine).
   * Opening it puts the rings into the map, so that events before that are lost. The options count when it is first opened.
   */
  perfEventArray<T = Fields>(name: string, options: TypeOption & PerfRingOptions = {}): PerfEventArray<T> {
    checkOptions(options, perfArrayChecks, "perfEventArray()");
    const checked = perfOptions(options);
    return this.#once(`perfEventArray ${name}`, () => {
      const { spec, map } = this.#map(name);
      if (!map.perf) throw new TypeError(`Cannot open map ${name} that way: ${openWith(spec)}`);
      const type = this.#recordType(spec, options);
      const decoder = type === undefined ? undefined : makeDecoder(this.spec.btf!, type);
      const decode = decoder?.decode.bind(decoder) as RecordDecoder<T> | undefined;
      const { overwritable, watermark } = checked;
      const pin = map.pin?.bind(map);
      return new PerfEventArray<T>({ name, perf: map.perf(checked), overwritable, watermark, decode, pin });
    }) as PerfEventArray<T>;
  }

  /** A global variable of the object, live. */
  variable<T = unknown>(name: string): Variable<T> {
    return this.#once(`variable ${name}`, () => {
      const spec = find(this.spec.variables, name, "variable");
      const map = this.#engine.maps.get(spec.section);
      if (map === undefined) {
        throw new EbpfError("NOT_FOUND", `Cannot open variable ${name}: its section ${spec.section} is not loaded`);
      }
      return new Variable({ spec, map, btf: this.spec.btf, lifetime: this.#lifetime });
    }) as Variable<T>;
  }

  /** All global variables of the sections that are loaded, by name, in the object's order. */
  get variables(): ReadonlyMap<string, Variable> {
    const loaded = this.spec.variables.filter(({ section }) => this.#engine.maps.has(section));
    return new Map(loaded.map(({ name }) => [name, this.variable(name)]));
  }

  program(name: string): Program {
    this.#check();
    find(this.spec.programs, name, "program");
    const program = this.programs.get(name);
    if (program === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot use program ${name}: it was not loaded, set autoload in its spec`);
    }
    return program;
  }

  /**
   * Attaches every loaded program where its section name says; programs that can only be run by hand (`SEC("syscall")`), and
   * those that need to be told where (`SEC("uprobe")`, `SEC("xdp")`), are left alone. When one fails, those attached before it are detached again.
   */
  async attach(): Promise<Link[]> {
    this.#check();
    const links: Link[] = [];
    try {
      for (const spec of this.spec.programs) {
        const program = attachesItself(spec) ? this.programs.get(spec.name) : undefined;
        if (program !== undefined) links.push(await program.attach());
      }
    } catch (error) {
      await Promise.all(links.map((link) => link.detach()));
      throw error;
    }
    return links;
  }

  /** The links that are attached now, by {@link attach} or by that of a program, in the order in which they came. */
  get links(): readonly Link[] {
    return this.#links.all;
  }

  /**
   * Starts a command. On the embedded engine its system calls, and those of its children, are the events of the attached
   * programs; on the kernel engine it is an ordinary child process.
   */
  async spawn(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<EngineCommand> {
    checkSpawn(file, args, options);
    this.#check();
    return this.#engine.spawn(file, args, options);
  }

  /** Detaches everything that is not pinned, ends iterations, kills commands that still run, and lets go of maps and programs. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#lifetime.open = false;
    for (const opened of this.#open.values()) {
      if (!(opened instanceof BpfMap) && !(opened instanceof Variable)) opened.close();
    }
    await this.#links.close();
    await this.#engine.close();
  }

  #check(): void {
    if (this.#closed !== undefined) {
      throw new EbpfError("CLOSED", "Cannot use the collection: it is closed");
    }
  }

  /** Every noun is opened once, so that two users of a ring meet at the same consumer. */
  #once<T extends Opened>(key: string, open: () => T): T {
    this.#check();
    const known = this.#open.get(key);
    if (known !== undefined) return known as T;
    const opened = open();
    this.#open.set(key, opened);
    return opened;
  }

  /** A ring has one decoder: a type that comes too late is told, rather than ignored. */
  #checkSameType(key: string, name: string, options: TypeOption): void {
    if (options.type === undefined || !this.#open.has(key)) return;
    if (this.#recordType(this.#map(name).spec, options) === this.#recordTypes.get(key)) return;
    throw new TypeError(
      `Cannot open ring ${name} as ${options.type}: it is open already, with records of another type`,
    );
  }

  /** As {@link RingBuf.lost}; opens no RingBuf, for that would settle the type of its records. */
  #lostOf(name: string): number | undefined {
    const counting = this.#engine.maps.get(name)?.ring?.();
    return counting?.refused?.() ?? this.#lossOf(findLossCounters(this.spec, name))?.();
  }

  #map(name: string): { spec: MapSpec; map: EngineMap } {
    const spec = find(this.spec.maps, name, "map");
    const map = this.#engine.maps.get(name);
    if (map === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot open map ${name}: it was not loaded`);
    }
    return { spec, map };
  }

  #ring(name: string, noun: NounKind): { spec: MapSpec; ring: EngineRing; pin: ((path: string) => void) | undefined } {
    const { spec, map } = this.#map(name);
    if (mapKind(spec.type).noun !== noun || map.ring === undefined) {
      throw new TypeError(`Cannot open map ${name} that way: ${openWith(spec)}`);
    }
    return { spec, ring: map.ring(), pin: map.pin?.bind(map) };
  }

  #lossOf(counters: LossCounters | undefined): (() => number) | undefined {
    if (counters === undefined) return undefined;
    const variable = (name: string): unknown => this.variable(name).get();
    return () => readLoss(counters, { variable, map: (name) => this.#engine.maps.get(name) });
  }

  #refuseRing(spec: MapSpec): void {
    if (mapKind(spec.type).noun !== "map") {
      throw new TypeError(`Cannot open map ${spec.name} that way: ${openWith(spec)}`);
    }
  }

  #recordType(spec: MapSpec, options: TypeOption): number | undefined {
    if (options.type === undefined) return spec.recordType === 0 ? undefined : spec.recordType;
    const name = options.type.replace(/^(struct|union|enum) /, "");
    const type = this.spec.btf
      ?.find(name)
      .find((candidate) => candidate.kind !== "fwd" && candidate.kind !== "func" && candidate.kind !== "var");
    if (type === undefined) {
      throw new EbpfError(
        "NOT_FOUND",
        `Cannot decode records of ${spec.name} as ${options.type}: the object's BTF has no such type`,
      );
    }
    return type.id;
  }
}

function openWith(spec: MapSpec): string {
  return doors[mapKind(spec.type).noun];
}

const doors: Readonly<Record<NounKind, string>> = {
  map: "it is no ring, open it with map()",
  "ring-buf": "it is a ring buffer, open it with ringBuf()",
  "user-ring-buf": "it is a user ring buffer, open it with userRingBuf()",
  "perf-event-array": "it is a perf event array, open it with perfEventArray()",
};

function find<T extends { name: string }>(list: readonly T[], name: string, what: string): T {
  const found = list.find((candidate) => candidate.name === name);
  if (found === undefined) {
    const known = list.map((candidate) => candidate.name).join(", ") || "none";
    throw new EbpfError("NOT_FOUND", `Cannot find ${what} ${name}: the object has ${known}`);
  }
  return found;
}
