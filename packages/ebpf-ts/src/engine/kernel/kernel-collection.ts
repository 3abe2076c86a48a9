import { EbpfError } from "../../base/errors.ts";
import type { Btf } from "../../btf/types.ts";
import { inSlices, nextTurn, turnIsSpent } from "../../base/slices.ts";
import { takeAll } from "../../base/take-all.ts";
import { importHost } from "../../host/import-host.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { Assembler, type StartRelocation } from "../../spec/assembly/assembler.ts";
import { whyMapNeedsTypes } from "../../spec/needs-types.ts";
import { withMemberPrograms } from "../../spec/struct-ops/member-programs.ts";
import type { CollectionSpec, MapSpec, ProgramSpec } from "../../spec/types.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../command.ts";
import type { EngineCollection, EngineOptions } from "../engine.ts";
import type { EngineMap } from "../map.ts";
import type { EnginePrints, PrintedLine } from "../prints.ts";
import type { EngineProgram, EngineProgramOptions } from "../program.ts";
import type { EventScope } from "../scope.ts";
import type { FindObjectMap, ObjectMap } from "./attach/attachment.ts";
import { check } from "./failure.ts";
import { checkPrograms, needsKernelTypes } from "./load/check-programs.ts";
import { findExterns } from "./load/externs/find-externs.ts";
import type { KernelExterns } from "./load/externs/kernel-externs.ts";
import { fillSlots, holdsMaps, holdsPrograms } from "./map/slots/fill-slots.ts";
import type { KernelMap } from "./map/kernel-map.ts";
import { descriptorOf, KernelProgram, type Reattached } from "./kernel-program.ts";
import { type KernelTarget, kernelTarget, type LoadedFunction } from "./load/kernel-target.ts";
import { KernelTypes } from "./load/kernel-types.ts";
import { loadBtf } from "./load/load-btf.ts";
import { PinFolder } from "./map/pin-folder.ts";
import { loadMap } from "./map/load-maps.ts";
import { loadProgram } from "./load/load-program.ts";
import { resolveReferences } from "./load/resolve-references.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command, ProgType } from "../../uapi/uapi.gen.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import { KernelPrints } from "./print/kernel-prints.ts";
import { keepPoller } from "./poll/poller.ts";
import { KernelScope } from "./scope/kernel-scope.ts";
import { loadOpsMap } from "./struct-ops/create-ops-map.ts";
import { filledIn } from "./struct-ops/lay-out-ops.ts";
import { OpsMap } from "./struct-ops/ops-map.ts";
import { OpsPlan } from "./struct-ops/plan-ops.ts";
import type * as Commands from "./scope/spawn-in-scope.ts";
import { openToken } from "./token/open-token.ts";
import { withToken } from "./token/with-token.ts";
import { withPrologue } from "./scope/with-prologue.ts";
import type { ChildCommand } from "./spawn.ts";

export interface KernelLoadOptions extends Pick<EngineOptions, "reuse" | "kconfig" | "programs" | "scope" | "filter"> {
  /** {@link openToken} */
  readonly token?: string | undefined;
  /** What CO-RE looks into instead of the kernel's own types. */
  readonly btf?: Btf | undefined;
}

/** What programs are loaded from. */
interface LoadParts {
  readonly assembler: Assembler;
  readonly externs: KernelExterns;
  readonly options: NonNullable<EngineOptions["programs"]>;
}

/** For those who start some. */
export function importCommands(): Promise<typeof Commands> {
  return importHost("commands", () => import("./scope/spawn-in-scope.ts"));
}

/** CO-RE is imported with the kernel's types, by objects that have relocations. */
async function relocateToKernel(types: KernelTypes, given: Btf | undefined): Promise<StartRelocation> {
  const { relocateTo } = await importHost("CO-RE", () => import("../../spec/assembly/assemble.ts"));
  if (given !== undefined) return relocateTo({ btf: given });
  const btf = await types.own();
  return relocateTo({ btf, modules: () => types.modules(btf).map((module) => module.btf) });
}

/** A collection in the kernel. It holds the descriptors; what nobody else holds ends with it. */
export class KernelCollection implements EngineCollection {
  readonly engine = "kernel";
  readonly #maps = new Map<string, KernelMap>();
  readonly #programs = new Map<string, KernelProgram>();
  readonly #commands = new Set<ChildCommand>();
  readonly #sys: Sys;
  readonly #spec: CollectionSpec;
  readonly #pins: PinFolder;
  readonly #types: KernelTypes;
  /** Programs may be loaded again, for a scope. */
  readonly #token: Descriptor | undefined;
  #btf: Descriptor | undefined;
  #letPollerGo: (() => void) | undefined;
  #scope: KernelScope | undefined;
  /** All that was ever loaded: a program may stand there once more, for a scope. */
  readonly #loaded: Descriptor[] = [];
  /** What programs were loaded to attach to. */
  readonly #targets: Descriptor[] = [];
  readonly #prints: KernelPrints[] = [];
  #closed = false;

  private constructor(sys: Sys, spec: CollectionSpec, pinRoot: string, token: Descriptor | undefined) {
    this.#sys = sys;
    this.#token = token;
    this.#spec = withMemberPrograms(spec);
    this.#pins = new PinFolder(pinRoot);
    this.#types = new KernelTypes(sys);
  }

  /** Types, maps, programs, in that order; when one fails, those before it are closed, and their pins are taken back. */
  static async load(
    sys: Sys,
    spec: CollectionSpec,
    pinRoot: string,
    options: KernelLoadOptions = {},
  ): Promise<KernelCollection> {
    refuseIfLockedDown("load the object into the kernel", "bpf");
    const token = openToken(sys, options.token);
    const collection = new KernelCollection(token === undefined ? sys : withToken(sys, token), spec, pinRoot, token);
    try {
      await collection.#loadAll(options);
      return collection;
    } catch (error) {
      collection.#pins.takeBack();
      await collection.close();
      throw error;
    }
  }

  get maps(): ReadonlyMap<string, EngineMap> {
    return this.#maps;
  }

  get programs(): ReadonlyMap<string, EngineProgram> {
    return this.#programs;
  }

  async spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<EngineCommand> {
    refuseIfLockedDown(`start ${file}`, "processes");
    const { spawnInScope, spawnCommand } = await importCommands();
    const command = this.#scope!.ofCommands
      ? await spawnInScope(file, args, options, this.#commandScope)
      : await spawnCommand(file, args, options);
    return this.#keep(command);
  }

  async start(held: HeldCommand): Promise<EngineCommand> {
    const { HeldChild } = await importCommands();
    if (!(held instanceof HeldChild)) throw new TypeError("Cannot start a command that another engine holds");
    if (!this.#scope!.ofCommands) return this.#keep(await held.start(undefined));
    await this.#commandScope.prepare();
    return this.#keep(await held.start(this.#commandScope.letStart));
  }

  async #keep(command: ChildCommand): Promise<EngineCommand> {
    this.#commands.add(command);
    void command.exited.then(() => this.#commands.delete(command));
    if (this.#closed) await command.close();
    return command;
  }

  prints(onLine: (line: PrintedLine) => void, onFailure: (error: unknown) => void): EnginePrints {
    const loaded = this.#loaded.filter(({ isOpen }) => isOpen);
    const prints = new KernelPrints(this.#sys, loaded, onLine, onFailure);
    this.#prints.push(prints);
    return prints;
  }

  async prepareLockDown(): Promise<void> {
    // What a filter leaves may be commands, and not the files of modules.
    await importCommands();
    this.#letPollerGo ??= await keepPoller(this.#sys);
    if (this.#closed) this.#letPollerGo();
  }

  /** Before Linux 5.19, kernel.unprivileged_bpf_disabled refuses every command to who has not CAP_BPF, whatever it is about. */
  goesOnWithoutPrivilege(): boolean {
    const noMap = new KernelStruct(BpfAttr.elem, { map_fd: 0xffff_ffff });
    return this.#sys.bpf(Command.MAP_LOOKUP_ELEM, noMap) !== -Errno.EPERM;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#letPollerGo?.();
    await takeAll([
      () => Promise.all([...this.#commands].map((command) => command.close())),
      () => Promise.all([...this.#programs.values()].map((program) => program.close())),
      () => this.#scope?.close(),
      ...[...this.#maps.values()].map((map) => () => map.close()),
      () => this.#btf?.close(),
      () => this.#types.close(),
      ...this.#targets.map((target) => () => target.close()),
      () => this.#token?.close(),
    ]);
  }

  get scope(): EventScope {
    return this.#scope!.described;
  }

  /** The first command makes the events those of the commands, where load() was not told whose they are. */
  get #commandScope(): Commands.CommandScope {
    const scope = this.#scope!;
    return {
      prepare: () => scope.narrow(() => this.#reattach()),
      letStart: (command) => scope.start(command),
    };
  }

  async #reattach(): Promise<void> {
    const done: Reattached[] = [];
    try {
      for (const program of this.#programs.values()) done.push(await program.reattach());
    } catch (error) {
      for (const each of done) each.undo();
      throw error;
    }
    for (const each of done) each.replace();
  }

  async #loadAll({
    reuse,
    kconfig,
    programs = new Map(),
    scope,
    filter = {},
    btf: given,
  }: KernelLoadOptions): Promise<void> {
    if (turnIsSpent()) await nextTurn();
    const assembler = new Assembler(
      this.#spec,
      needsKernelTypes(this.#spec) ? await relocateToKernel(this.#types, given) : undefined,
    );
    const externs = await findExterns(this.#sys, this.#spec, assembler, kconfig ?? {}, this.#types);
    const ops = await OpsPlan.make(this.#spec, this.#types);
    const toLoad = await checkPrograms(this.#spec, assembler, externs, async (program) =>
      program.type === ProgType.STRUCT_OPS
        ? ops.targetOf(program)
        : kernelTarget(this.#sys, program, this.#types, this.#functionOf(programs.get(program.name)?.target)),
    );
    const { btf, maps } = externs.spec;
    const parts = { assembler, externs, options: programs };
    this.#scope = await KernelScope.open(this.#sys, {
      scope,
      filter,
      load: (program, before) => this.#loadDescriptor(parts, program, toLoad.get(program) ?? { typeId: 0 }, before),
    });
    this.#btf = await loadBtf(this.#sys, this.#spec);
    for (const spec of maps.filter(({ autoload }) => autoload !== false)) {
      if (turnIsSpent()) await nextTurn();
      if (this.#maps.has(spec.name))
        throw new EbpfError("BAD_OBJECT", `Cannot load the object: two of its maps are named ${spec.name}`);
      const layout = ops.layoutOf(spec.name);
      const loaded =
        layout === undefined
          ? loadMap(this.#sys, spec, {
              btf: this.#btf,
              mustHaveTypes: whyMapNeedsTypes(btf, spec) !== undefined,
              pins: this.#pins,
              reuse: reuse?.get(spec.name),
            })
          : loadOpsMap(this.#sys, spec, { layout, btf: this.#btf, module: ops.moduleOf(layout), pins: this.#pins });
      this.#maps.set(spec.name, await loaded);
    }
    const made = maps.filter(({ name }) => this.#maps.has(name));
    for (const spec of made.filter(holdsMaps))
      fillSlots(spec, this.#maps.get(spec.name)!, (name) => this.#maps.get(name));
    for (const [spec, target] of toLoad) this.#programs.set(spec.name, await this.#loadProgram(parts, spec, target));
    for (const spec of made.filter(holdsPrograms)) {
      fillSlots(spec, this.#maps.get(spec.name)!, (name) => this.#programs.get(name));
    }
    this.#prepareOps(ops, maps);
  }

  /** Their programs are loaded now. */
  #prepareOps(ops: OpsPlan, maps: readonly MapSpec[]): void {
    for (const { name } of maps) {
      const layout = ops.layoutOf(name);
      const map = this.#maps.get(name);
      if (layout !== undefined && map instanceof OpsMap)
        map.prepare(
          layout.kernel.type.name,
          filledIn(layout, (program) => this.#programs.get(program)!.fd),
        );
    }
  }

  async #loadProgram(parts: LoadParts, spec: ProgramSpec, target: KernelTarget): Promise<KernelProgram> {
    let verifierLog: string | undefined;
    const descriptor = await this.#loadDescriptor(parts, spec, target, [], (log) => (verifierLog = log));
    try {
      const mapOf: FindObjectMap = (name) => this.#mapOf(parts.externs.spec, name);
      return new KernelProgram(this.#sys, descriptor, spec, { scope: this.#scope, mapOf, verifierLog });
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  #mapOf({ maps, btf }: CollectionSpec, name: string): ObjectMap | undefined {
    const [map, spec] = [this.#maps.get(name), maps.find((each) => each.name === name)];
    return map === undefined || spec === undefined ? undefined : { fd: map.fd, map, spec, btf };
  }

  async #loadDescriptor(
    { assembler, externs, options }: LoadParts,
    spec: ProgramSpec,
    target: KernelTarget,
    before: readonly Instruction[],
    onLog?: (log: string) => void,
  ): Promise<Descriptor> {
    const assembled = withPrologue(await inSlices(assembler.assembling(spec)), before);
    resolveReferences(assembled, (name) => this.#maps.get(name)?.fd, externs, this.#spec.maps);
    const { license } = this.#spec;
    const descriptor = await loadProgram(this.#sys, {
      spec,
      assembled,
      license,
      btf: this.#btf,
      target,
      fds: externs.moduleFds,
      logLevel: onLog === undefined ? 0 : options.get(spec.name)?.logLevel,
      onLog,
    });
    this.#loaded.push(descriptor);
    // Before it is attached, so that its first line is known.
    for (const prints of this.#prints) prints.addProgram(descriptor);
    return descriptor;
  }

  /** Throws for a program of another engine. It may be closed before this one is loaded, and loaded once more for a scope. */
  #functionOf(target: EngineProgramOptions["target"]): LoadedFunction | undefined {
    if (target === undefined) return undefined;
    const { name } = target.program.info;
    const fd = check(this.#sys.duplicate(descriptorOf(target.program)), `attach to program ${name}`, "fcntl");
    const program = new Descriptor(fd, `program ${name}`);
    this.#targets.push(program);
    return { program, function: target.function };
  }
}
