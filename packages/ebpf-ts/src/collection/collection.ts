import { attachesItself, whyNotByItself } from "../attach/attaches-itself.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../engine/command.ts";
import type { EngineCollection } from "../engine/engine.ts";
import type { EngineName } from "../engine/engine-name.ts";
import type { EngineMap } from "../engine/map.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { takeAll } from "../base/take-all.ts";
import type { EventScope } from "../engine/scope.ts";
import { type LockDown, type LockDownOptions, type LockDownReport, planLockDown } from "../engine/lock-down.ts";
import type { Link } from "../link/link.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { LiveLinks } from "../link/live-links.ts";
import type { BpfMap } from "../map/bpf-map.ts";
import type { BloomFilter } from "../map/keyless/bloom-filter.ts";
import type { Queue } from "../map/keyless/queue.ts";
import type { MapNoun } from "../map/nouns.gen.ts";
import type { PerfEventArray } from "../map/perf/perf-event-array.ts";
import { perfChecks, perfOptions, type PerfRingOptions } from "../map/perf/perf-options.ts";
import type { RingBuf } from "../map/ring-buf.ts";
import type { StructOps } from "../map/struct-ops/struct-ops.ts";
import type { UserRingBuf } from "../map/user-ring-buf.ts";
import { Variable } from "../map/variable.ts";
import { ContextEncoder } from "../program/context-encoder.ts";
import { Program } from "../program/program.ts";
import { PrintStream, type PrintkOptions } from "../stream/print-stream.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { checkSpawn } from "../engine/command.ts";
import type { CollectionSpec } from "../spec/types.ts";
import { find } from "./find.ts";
import { LoadedMaps } from "./loaded-maps.ts";
import { lockable } from "./lockable.ts";
import { Losses } from "./losses.ts";
import { type Fields, typeChecks, type TypeOption } from "./record-types.ts";

const perfArrayChecks: Checks<TypeOption & PerfRingOptions> = { ...typeChecks, ...perfChecks };

/** A loaded object: its maps and programs, alive on one engine. */
export class Collection {
  readonly spec: CollectionSpec;
  readonly programs: ReadonlyMap<string, Program>;
  readonly #engine: EngineCollection;
  readonly #maps: LoadedMaps;
  readonly #losses: Losses;
  readonly #variables = new Map<string, Variable>();
  readonly #links = new LiveLinks();
  readonly #prints = new Set<PrintStream>();
  /** Of all views of its variables. */
  readonly #lifetime = { open: true, sealed: false };
  readonly #lockDown: LockDown | undefined;
  readonly #onFinding: ((text: string) => void) | undefined;
  readonly #warn: ((warning: string) => void) | undefined;
  readonly #command: HeldCommand | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    spec: CollectionSpec,
    engine: EngineCollection,
    lockDown?: LockDown,
    onFinding?: (text: string) => void,
    command?: HeldCommand,
    warn?: (warning: string) => void,
  ) {
    this.spec = spec;
    this.#command = command;
    this.#lockDown = lockDown;
    this.#onFinding = onFinding;
    this.#warn = warn;
    this.#engine = engine;
    const map = (name: string): EngineMap | undefined => engine.maps.get(name);
    this.#losses = new Losses(spec, { variable: (name) => this.variable(name).get(), map });
    const check = (): void => this.#check();
    const { maps: loaded, missing } = engine;
    const links = this.#links;
    this.#maps = new LoadedMaps({ spec, loaded, missing, losses: this.#losses, links, check, onFinding });
    const programs = new Map<string, Program>();
    for (const program of spec.programs) {
      const loaded = engine.programs.get(program.name);
      if (loaded === undefined) continue;
      programs.set(program.name, new Program(program, loaded, this.#links, new ContextEncoder(spec, program)));
    }
    this.programs = programs;
  }

  get engine(): EngineName {
    return this.#engine.engine;
  }

  /** Whose events reach the attached programs now, and which programs that means nothing to. */
  get scope(): EventScope {
    this.#check();
    return this.#engine.scope;
  }

  /**
   * All maps that are loaded, by name, in the object's order: what each is shows with `instanceof`. Names and numbers open nothing; a
   * map is opened as it is reached, by `get` or by a loop. What the records of a ring are may still be said by {@link ringBuf} and
   * its like, until the first record is read or sent. A perf event array has no rings yet: they are made when it is
   * first used, or by {@link perfEventArray}.
   */
  get maps(): ReadonlyMap<string, MapNoun> {
    return this.#maps.all;
  }

  /** The map of that name, typed by the object's BTF. Rings, queues and filters have nouns of their own. */
  map<K = unknown, V = unknown, Read = V>(name: string): BpfMap<K, V, Read> {
    return this.#maps.of("bpf-map", name) as BpfMap<K, V, Read>;
  }

  /** The queue or stack of that name (BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK, Linux 4.20). */
  queue<V = unknown>(name: string): Queue<V> {
    return this.#maps.of("queue", name) as Queue<V>;
  }

  /** The Bloom filter of that name (BPF_MAP_TYPE_BLOOM_FILTER, Linux 5.16). */
  bloomFilter<V = unknown>(name: string): BloomFilter<V> {
    return this.#maps.of("bloom-filter", name) as BloomFilter<V>;
  }

  /** Operations of the kernel that the object implements, by the name of their variable (BPF_MAP_TYPE_STRUCT_OPS, Linux 5.6). */
  structOps(name: string): StructOps {
    return this.#maps.of("struct-ops", name);
  }

  /** The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). */
  ringBuf<T = Fields>(name: string, options: TypeOption = {}): RingBuf<T> {
    checkOptions(options, typeChecks, "ringBuf()");
    return this.#maps.ring("ring-buf", name, options) as RingBuf<T>;
  }

  /**
   * Events of all rings that programs could not write since a ring was full, as far as anybody counts them (see {@link RingBuf.lost});
   * undefined where nobody does.
   */
  get lost(): number | undefined {
    this.#check();
    return this.#losses.total;
  }

  /** The ring that user space writes and programs drain (BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1). */
  userRingBuf<T = Fields>(name: string, options: TypeOption = {}): UserRingBuf<T> {
    checkOptions(options, typeChecks, "userRingBuf()");
    return this.#maps.ring("user-ring-buf", name, options) as UserRingBuf<T>;
  }

  /**
   * The rings of all CPUs that programs write with `bpf_perf_event_output` (BPF_MAP_TYPE_PERF_EVENT_ARRAY, Linux 4.3).
   * Opening it puts the rings into the map, so that events before that are lost. The options count when it is first opened.
   */
  perfEventArray<T = Fields>(name: string, options: TypeOption & PerfRingOptions = {}): PerfEventArray<T> {
    checkOptions(options, perfArrayChecks, "perfEventArray()");
    return this.#maps.perfEventArray(name, options, perfOptions(options)) as PerfEventArray<T>;
  }

  /** A global variable of the object, live. */
  variable<T = unknown>(name: string): Variable<T> {
    this.#check();
    const known = this.#variables.get(name) ?? this.#openVariable(name);
    this.#variables.set(name, known);
    return known as Variable<T>;
  }

  /** All global variables of the sections that are loaded, by name, in the object's order. */
  get variables(): ReadonlyMap<string, Variable> {
    this.#check();
    const loaded = this.spec.variables.filter(({ section }) => this.#engine.maps.has(section));
    return new Map(loaded.map(({ name }) => [name, this.variable(name)]));
  }

  /**
   * What the programs print from now on (`bpf_printk`: bpf_trace_printk and bpf_trace_vprintk), line by line, and nobody else's lines. On the kernel it
   * has a trace buffer of its own (Linux 5.9; tracefs, root), where the kernel keeps the stack with each line, which says whose
   * it is. NOT_SUPPORTED where that cannot be told: an older kernel, no JIT, addresses that are hidden (kernel.kptr_restrict).
   */
  printk(options: PrintkOptions = {}): PrintStream {
    this.#check();
    const { prints } = this.#engine;
    if (prints === undefined)
      throw new NotSupportedError("printk", "Cannot read what programs print: this engine does not tell");
    const stream = new PrintStream(prints.bind(this.#engine), options, (ended) => this.#prints.delete(ended));
    if (!stream.ended) this.#prints.add(stream);
    return stream;
  }

  /** The program of that name. NOT_FOUND when the object has none, or it was not loaded (`?` before its section name). */
  program(name: string): Program {
    this.#check();
    find(this.spec.programs, name, "program");
    const program = this.programs.get(name);
    if (program === undefined) {
      throw new EbpfError(
        "NOT_FOUND",
        `Cannot use program ${name}: it was not loaded, for its section begins with "?", or only or without leave it out: name it in only, or give load() programs: { ${name}: { load: true } }`,
      );
    }
    return program;
  }

  /**
   * Attaches every loaded program where its section name says, and then all operations of the kernel (struct_ops). Those that can only be run by hand (`SEC("syscall")`) are left alone, and
   * those that need to be told where (`SEC("uprobe")`, `SEC("xdp")`): {@link leftAlone} names them. When one fails, those attached before it
   * are detached again.
   */
  async attach(): Promise<Link[]> {
    this.#check();
    const links: Link[] = [];
    try {
      for (const program of this.#attachable) links.push(await program.attach());
      for (const ops of this.#opsToAttach) links.push(await ops.attach());
    } catch (error) {
      await Promise.all(links.map((link) => link.detach()));
      throw error;
    }
    for (const reason of this.leftAlone.values()) this.#onFinding?.(reason);
    return links;
  }

  /** The programs that {@link attach} attaches. */
  get #attachable(): readonly Program[] {
    const wanted = this.spec.programs.filter(
      (spec) => spec.autoattach !== false && attachesItself(spec) && whyNotByItself(spec) === undefined,
    );
    return wanted.flatMap(({ name }) => this.programs.get(name) ?? []);
  }

  /** Of the object's maps of struct_ops, those that are loaded, unless load() was told otherwise. */
  get #opsToAttach(): readonly StructOps[] {
    const wanted = this.spec.maps.filter(
      ({ type, autoattach }) => mapKind(type).value === "ops" && autoattach !== false,
    );
    return wanted.filter(({ name }) => this.#engine.maps.has(name)).map(({ name }) => this.structOps(name));
  }

  /** The loaded programs that {@link attach} cannot attach by itself, by name, each with the reason and what to do: a sentence. */
  get leftAlone(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const spec of this.spec.programs) {
      const reason = this.programs.has(spec.name) && spec.autoattach !== false ? whyNotByItself(spec) : undefined;
      if (reason !== undefined) found.set(spec.name, reason);
    }
    return found;
  }

  /** The links that are attached now, by {@link attach} or by that of a program, in the order in which they came. */
  get links(): readonly Link[] {
    return this.#links.all;
  }

  /**
   * Starts a command, and resolves at its first instruction. From then on its doings, and its descendants', are the events of the attached
   * programs, and nobody else's are; with `scope: "system"` (kernel engine) it is an ordinary child process.
   */
  async spawn(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<EngineCommand> {
    checkSpawn(file, args, options);
    this.#check();
    return this.#heard(await this.#engine.spawn(file, args, options));
  }

  /**
   * Starts the command that load() was given, as {@link spawn} does. Once: BUSY after that, and NOT_FOUND where there is none. A command that was
   * not started ends with the collection.
   */
  async start(): Promise<EngineCommand> {
    this.#check();
    const command = this.#command;
    if (command === undefined || this.#engine.start === undefined) {
      throw new EbpfError(
        "NOT_FOUND",
        "Cannot start the command: load() was given none (its option command, of holdCommand()), use spawn()",
      );
    }
    return this.#heard(await this.#engine.start(command));
  }

  /** A command that ended before anything was attached had no events, which looks like one that did nothing. */
  #heard(command: EngineCommand): EngineCommand {
    const [first] = this.#attachable;
    const tell = (): void => {
      if (this.#closed !== undefined || this.#links.hadAny || first === undefined) return;
      this.#warn?.(
        `No program was attached while the command ran, so that it had no events: call attach() (${first.name})`,
      );
    };
    command.exited.then(tell, () => {});
    return command;
  }

  /**
   * Gives up, for good and for the whole process, the power that loading and attaching took; what is loaded and attached goes on: rings,
   * perf event arrays, mapped memory, maps by key, programs by hand, and `close()`. By default all threads lose their capabilities, and a seccomp
   * filter denies what nothing of this needs: programs to start, files to open, new uses of bpf(2), tracing. See docs/security.md.
   *
   * To be called in the main thread, once everything is attached and opened; `ended` of the report says what cannot be done any more. What is
   * refused later says so (NO_PRIVILEGE). Rejected with nothing done where it could not be done whole; with a `LockDownError`, which
   * tells what was, where the system refuses a step that it should not.
   */
  async lockDown(options: LockDownOptions = {}): Promise<LockDownReport> {
    const plan = planLockDown(options);
    this.#check();
    for (const name of plan.inject) this.ringBuf(name);
    if (this.#lockDown === undefined) {
      throw new NotSupportedError("lockDown", "Cannot lock down: this host has no process that could give up anything");
    }
    const sealVariables = (): boolean => (this.#lifetime.sealed = true);
    return this.#lockDown(plan, lockable({ engine: this.#engine, maps: this.#maps, sealVariables }));
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
    this.#engine.endRuns?.();
    // Rings keep what they count, which may stand in variables.
    this.#maps.close();
    for (const stream of this.#prints) stream.end();
    this.#lifetime.open = false;
    await takeAll([() => this.#command?.kill(), () => this.#links.close(), () => this.#engine.close()]);
  }

  #check(): void {
    if (this.#closed !== undefined) {
      throw new EbpfError("CLOSED", "Cannot use the collection: it is closed");
    }
  }

  #openVariable(name: string): Variable {
    const spec = find(this.spec.variables, name, "variable");
    const map = this.#engine.maps.get(spec.section);
    if (map === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot open variable ${name}: its section ${spec.section} is not loaded`);
    }
    return new Variable({ spec, map, btf: this.spec.btf, lifetime: this.#lifetime });
  }
}
