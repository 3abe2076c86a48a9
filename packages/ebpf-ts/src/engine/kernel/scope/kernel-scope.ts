import { cgroupFolder } from "../../../host/cgroup/cgroup-mounts.ts";
import { importHost } from "../../../host/import-host.ts";
import { publishFinding } from "../../../host/reporters.ts";
import { whyNotCurrentTask } from "../../../kinds/whose-events.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { type EventFilter, type EventScope, isEmptyFilter, type ScopeException, type ScopeName } from "../../scope.ts";
import type { CommandGroup, WaitingCommand } from "./command-group.ts";
import type { FilterConditions } from "./filter-conditions.ts";
import type * as Narrowing from "./narrowing.ts";

/** Loads a program once more, behind a prologue. */
export type LoadScoped = (spec: ProgramSpec, before: readonly Instruction[]) => Promise<Descriptor>;

export interface ScopeOptions {
  /** Undefined: the system's until the first command. */
  readonly scope: ScopeName | undefined;
  readonly filter: EventFilter;
  readonly load: LoadScoped;
}

/**
 * Whose events reach the programs of a collection. What is attached where something is asked of the current task is not the object's own
 * program but a second one: the same behind a prologue. So a program that is run by hand, pinned or called by another is the object's.
 */
export class KernelScope {
  readonly #sys: Sys;
  readonly #options: ScopeOptions;
  readonly #scoped = new Map<ProgramSpec, Promise<Descriptor>>();
  readonly #exceptions = new Map<string, ScopeException>();
  #filter: FilterConditions | undefined;
  #narrowing: typeof Narrowing | undefined;
  #group: CommandGroup | undefined;
  #turns: Promise<unknown> = Promise.resolve();
  #closed = false;
  #before: readonly Instruction[] | undefined;

  private constructor(sys: Sys, options: ScopeOptions) {
    this.#sys = sys;
    this.#options = options;
  }

  static async open(sys: Sys, given: ScopeOptions): Promise<KernelScope> {
    const options = { ...given, filter: withCgroupFolder(given.filter) };
    const scope = new KernelScope(sys, options);
    if (!isEmptyFilter(options.filter)) await scope.#setFilter();
    if (options.scope === "command") await scope.#makeGroup();
    return scope;
  }

  get described(): EventScope {
    const of = this.#group === undefined ? "system" : "command";
    return { of, filter: this.#options.filter, exceptions: [...this.#exceptions.values()] };
  }

  /** Whether commands are started in a group of their own. */
  get ofCommands(): boolean {
    return this.#options.scope !== "system";
  }

  /** What is to be attached in the place of a program; undefined when that is the program itself. */
  async programFor(spec: ProgramSpec): Promise<Descriptor | undefined> {
    const before = this.#before;
    if (before === undefined || this.#isException(spec)) return undefined;
    const known = this.#scoped.get(spec);
    if (known !== undefined) return known;
    const loading = this.#options.load(spec, before);
    this.#scoped.set(spec, loading);
    loading.catch(() => this.#scoped.delete(spec));
    return loading;
  }

  /**
   * From now on events are those of the commands. `reattach` attaches what is attached once more, as {@link programFor} has it; when it
   * fails all is as before.
   */
  narrow(reattach: () => Promise<void>): Promise<void> {
    return this.inTurn(async () => {
      if (this.#group === undefined && !this.#closed) await this.#narrow(reattach);
    });
  }

  /** One after another, so that nothing is attached while the scope changes. */
  inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(action);
    this.#turns = turn.catch(() => {});
    return turn;
  }

  async #narrow(reattach: () => Promise<void>): Promise<void> {
    await this.#makeGroup();
    const before = [...this.#scoped.values()];
    this.#scoped.clear();
    try {
      await reattach();
    } catch (error) {
      const group = this.#group as CommandGroup | undefined;
      this.#group = undefined;
      this.#before = this.#prologue();
      await this.#closeScoped();
      await group?.close();
      throw error;
    }
    await closeAll(before);
  }

  /** Once closed, it lets none start. */
  async start(command: WaitingCommand): Promise<void> {
    await this.#group?.start(command);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns;
    await this.#closeScoped();
    await this.#group?.close();
  }

  async #import(): Promise<typeof Narrowing> {
    this.#narrowing ??= await importHost("what narrows events", () => import("./narrowing.ts"));
    return this.#narrowing;
  }

  async #setFilter(): Promise<void> {
    const { filterConditions } = await this.#import();
    this.#filter = await filterConditions(this.#sys, this.#options.filter);
    this.#before = this.#prologue();
  }

  async #makeGroup(): Promise<void> {
    const { CommandGroup } = await this.#import();
    this.#group = await CommandGroup.make(this.#sys);
    this.#before = this.#prologue();
  }

  #prologue(): readonly Instruction[] | undefined {
    const command = this.#group?.condition;
    if (command === undefined && this.#filter === undefined) return undefined;
    return this.#narrowing?.prologue({ ...noFilter, ...this.#filter, command });
  }

  #isException({ name, kind }: ProgramSpec): boolean {
    const reason = whyNotCurrentTask(kind);
    if (reason === undefined) return false;
    if (!this.#exceptions.has(name)) {
      publishFinding(`Program ${name} gets everybody's events, whatever the scope: ${reason}`);
    }
    this.#exceptions.set(name, { program: name, reason });
    return true;
  }

  async #closeScoped(): Promise<void> {
    const scoped = [...this.#scoped.values()];
    this.#scoped.clear();
    await closeAll(scoped);
  }
}

function withCgroupFolder(filter: EventFilter): EventFilter {
  const { cgroup } = filter;
  if (cgroup === undefined) return filter;
  return { ...filter, cgroup: cgroupFolder(cgroup, `filter by the cgroup ${cgroup}`) };
}

const noFilter: FilterConditions = { pid: undefined, uid: undefined, comm: undefined, cgroup: undefined };

async function closeAll(programs: readonly Promise<Descriptor>[]): Promise<void> {
  for (const each of await Promise.allSettled(programs)) if (each.status === "fulfilled") each.value.close();
}
