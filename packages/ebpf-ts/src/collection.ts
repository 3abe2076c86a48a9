import { makeDecoder, makeEncoder } from "./btf/index.ts";
import type { EngineCollection, EngineCommand, EngineMap, EngineName, EngineRing, SpawnOptions } from "./engine/engine.ts";
import { EbpfError } from "./errors.ts";
import type { Link } from "./link/link.ts";
import { BpfMap } from "./map/bpf-map.ts";
import { RingBuf } from "./map/ring-buf.ts";
import { UserRingBuf } from "./map/user-ring-buf.ts";
import { codecFor } from "./map/value-codec.ts";
import { Variable } from "./map/variable.ts";
import { Program } from "./program/program.ts";
import type { CollectionSpec, MapSpec } from "./spec/types.ts";
import { MapType } from "./uapi/uapi.gen.ts";

/** A decoded struct whose fields TypeScript does not know: give a type argument to say more. */
export type Fields = Record<string, any>;

export interface TypeOption {
  /** Name of the record's struct or typedef in the object's BTF, where the object does not tell by itself. */
  readonly type?: string | undefined;
}

const perCpuTypes: ReadonlySet<number> = new Set([MapType.PERCPU_HASH, MapType.PERCPU_ARRAY, MapType.LRU_PERCPU_HASH]);

/** A loaded object: its maps and programs, alive on one engine. */
export class Collection {
  readonly spec: CollectionSpec;
  readonly programs: ReadonlyMap<string, Program>;
  readonly #engine: EngineCollection;
  readonly #open = new Map<string, BpfMap | RingBuf | UserRingBuf | Variable>();
  readonly #links = new Set<Link>();
  #closed: Promise<void> | undefined;

  constructor(spec: CollectionSpec, engine: EngineCollection) {
    this.spec = spec;
    this.#engine = engine;
    const programs = new Map<string, Program>();
    for (const program of spec.programs) {
      const loaded = engine.programs.get(program.name);
      if (loaded !== undefined) programs.set(program.name, new Program(program, loaded));
    }
    this.programs = programs;
  }

  get engine(): EngineName {
    return this.#engine.engine;
  }

  /** The map of that name, typed by the object's BTF. Rings have nouns of their own. */
  map<K = any, V = any>(name: string): BpfMap<K, V> {
    return this.#once(`map ${name}`, () => {
      const { spec, map } = this.#map(name);
      this.#refuseRing(spec);
      const key = codecFor(this.spec.btf, spec.keyType, map.info.keySize, `a key of map ${name}`);
      const value = codecFor(this.spec.btf, spec.valueType, map.info.valueSize, `a value of map ${name}`);
      return new BpfMap(map, key, value, perCpuTypes.has(spec.type));
    }) as BpfMap<K, V>;
  }

  /** The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). */
  ringBuf<T = Fields>(name: string, options: TypeOption = {}): RingBuf<T> {
    return this.#once(`ringBuf ${name}`, () => {
      const { spec, ring } = this.#ring(name, MapType.RINGBUF);
      const type = this.#recordType(spec, options);
      const decoder = type === undefined ? undefined : makeDecoder(this.spec.btf!, type);
      return new RingBuf({ name, ring, decode: decoder?.decode.bind(decoder) });
    }) as RingBuf<T>;
  }

  /** The ring that user space writes and programs drain (BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1). */
  userRingBuf<T = Fields>(name: string, options: TypeOption = {}): UserRingBuf<T> {
    return this.#once(`userRingBuf ${name}`, () => {
      const { spec, ring } = this.#ring(name, MapType.USER_RINGBUF);
      const type = this.#recordType(spec, options);
      return new UserRingBuf({ name, ring, encoder: type === undefined ? undefined : makeEncoder(this.spec.btf!, type) });
    }) as UserRingBuf<T>;
  }

  /** A global variable of the object, live. */
  variable<T = any>(name: string): Variable<T> {
    return this.#once(`variable ${name}`, () => {
      const spec = find(this.spec.variables, name, "variable");
      const map = this.#engine.maps.get(spec.section);
      if (map === undefined) {
        throw new EbpfError("NOT_FOUND", `Cannot open variable ${name}: its section ${spec.section} is not loaded`);
      }
      return new Variable(spec, map, codecFor(this.spec.btf, spec.type, spec.size, `variable ${name}`));
    }) as Variable<T>;
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
   * Attaches every loaded program where its section name says; programs that can only be run by hand (`SEC("syscall")`)
   * are left alone. When one fails, those attached before it are detached again.
   */
  async attach(): Promise<Link[]> {
    this.#check();
    const links: Link[] = [];
    try {
      for (const program of this.programs.values()) {
        if (program.kind !== "syscall") links.push(await program.attach());
      }
    } catch (error) {
      await Promise.all(links.map((link) => link.detach()));
      throw error;
    }
    for (const link of links) this.#links.add(link);
    return links;
  }

  /**
   * Starts a command. On the embedded engine its system calls, and those of its children, are the events of the attached
   * programs; on the kernel engine it is an ordinary child process.
   */
  spawn(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<EngineCommand> {
    this.#check();
    return this.#engine.spawn(file, args, options);
  }

  /** Detaches everything, ends iterations and lets go of maps and programs. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const opened of this.#open.values()) {
      if (opened instanceof RingBuf || opened instanceof UserRingBuf) opened.close();
    }
    await Promise.all([...this.#links].map((link) => link.detach()));
    await this.#engine.close();
  }

  #check(): void {
    if (this.#closed !== undefined) {
      throw new EbpfError("CLOSED", "Cannot use the collection: it is closed");
    }
  }

  /** Every noun is opened once, so that two users of a ring meet at the same consumer. */
  #once<T extends BpfMap | RingBuf | UserRingBuf | Variable>(key: string, open: () => T): T {
    this.#check();
    const known = this.#open.get(key);
    if (known !== undefined) return known as T;
    const opened = open();
    this.#open.set(key, opened);
    return opened;
  }

  #map(name: string): { spec: MapSpec; map: EngineMap } {
    const spec = find(this.spec.maps, name, "map");
    const map = this.#engine.maps.get(name);
    if (map === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot open map ${name}: it was not loaded`);
    }
    return { spec, map };
  }

  #ring(name: string, type: number): { spec: MapSpec; ring: EngineRing } {
    const { spec, map } = this.#map(name);
    if (spec.type !== type || map.ring === undefined) {
      throw new TypeError(`Cannot open map ${name} that way: ${openWith(spec)}`);
    }
    return { spec, ring: map.ring() };
  }

  #refuseRing(spec: MapSpec): void {
    if (spec.type === MapType.RINGBUF || spec.type === MapType.USER_RINGBUF) {
      throw new TypeError(`Cannot open map ${spec.name} that way: ${openWith(spec)}`);
    }
  }

  #recordType(spec: MapSpec, options: TypeOption): number | undefined {
    if (options.type === undefined) return spec.recordType === 0 ? undefined : spec.recordType;
    const name = options.type.replace(/^(struct|union|enum) /, "");
    const type = this.spec.btf?.find(name).find((candidate) => candidate.kind !== "fwd" && candidate.kind !== "func" && candidate.kind !== "var");
    if (type === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot decode records of ${spec.name} as ${options.type}: the object's BTF has no such type`);
    }
    return type.id;
  }
}

function openWith(spec: MapSpec): string {
  if (spec.type === MapType.RINGBUF) return "it is a ring buffer, open it with ringBuf()";
  if (spec.type === MapType.USER_RINGBUF) return "it is a user ring buffer, open it with userRingBuf()";
  return "it is no ring, open it with map()";
}

function find<T extends { name: string }>(list: readonly T[], name: string, what: string): T {
  const found = list.find((candidate) => candidate.name === name);
  if (found === undefined) {
    const known = list.map((candidate) => candidate.name).join(", ") || "none";
    throw new EbpfError("NOT_FOUND", `Cannot find ${what} ${name}: the object has ${known}`);
  }
  return found;
}
