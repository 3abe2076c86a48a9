import type { AttachTarget } from "../../attach/attach-targets.gen.ts";
import { withoutRevision } from "../../attach/order.ts";
import type { QueriedTarget } from "../../attach/queried-target.ts";
import { queriedPlace, targetOf } from "../../attach/target-of.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { publishFinding } from "../../host/reporters.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { QueriedPrograms } from "../queried-programs.ts";
import type { EngineLink, EngineProgram, ProgramInfo, Replacement, RunOptions, RunResult } from "../program.ts";
import { attachProgram, queryPlace } from "./attach/attach-program.ts";
import { type Attachment, closeAttachment, type FindObjectMap } from "./attach/attachment.ts";
import { withOwnProcess } from "./attach/own-process.ts";
import { KernelLink } from "./kernel-link.ts";
import { programInfo } from "./object-info.ts";
import { PinPlace } from "./pin.ts";
import { ProgramRunner } from "./run/run-program.ts";
import type { KernelScope } from "./scope/kernel-scope.ts";

/** What was attached beside what is attached. */
export interface Reattached {
  replace(): void;
  undo(): void;
}

export interface KernelProgramOptions {
  readonly scope?: KernelScope | undefined;
  /** Of its object; without, it has none. */
  readonly mapOf?: FindObjectMap | undefined;
  /** Where it is pinned already. */
  readonly pinnedAt?: string | undefined;
  readonly verifierLog?: string | undefined;
}

/** A program that the verifier has let in. */
export class KernelProgram implements EngineProgram {
  readonly info: ProgramInfo;
  readonly verifierLog: string | undefined;
  readonly #sys: Sys;
  readonly #descriptor: Descriptor;
  readonly #spec: ProgramSpec;
  readonly #runner: ProgramRunner;
  readonly #scope: KernelScope | undefined;
  readonly #mapOf: FindObjectMap;
  readonly #links = new Set<KernelLink>();
  readonly #pin: PinPlace;

  constructor(sys: Sys, descriptor: Descriptor, spec: ProgramSpec, options: KernelProgramOptions = {}) {
    const { scope, pinnedAt, mapOf = () => undefined, verifierLog } = options;
    this.verifierLog = verifierLog;
    this.#pin = new PinPlace(sys, pinnedAt);
    this.#sys = sys;
    this.#scope = scope;
    this.#mapOf = mapOf;
    this.#descriptor = descriptor;
    this.#spec = spec;
    this.#runner = new ProgramRunner(sys, descriptor, spec);
    this.info = { ...programInfo(sys, descriptor), name: spec.name };
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  run(options: RunOptions): Promise<RunResult> {
    return this.#runner.run(options);
  }

  async attach(told?: AttachTarget): Promise<EngineLink> {
    const sys = this.#sys;
    const target = withOwnProcess(targetOf(this.#spec, told));
    refuseIfLockedDown(this.#attachAction, "bpf");
    return this.#inTurn(async () => {
      const program = (await this.#scope?.programFor(this.#spec)) ?? this.#descriptor;
      const attachment = await this.#attachTo(target, program);
      const options = { sys, attachment, target: withoutRevision(target), program: this.info, descriptorOf };
      const link = new KernelLink(options, () => this.#links.delete(link));
      this.#links.add(link);
      return link;
    });
  }

  async query(told: QueriedTarget): Promise<QueriedPrograms> {
    const action = `look at what is attached where program ${this.#spec.name} would be`;
    const target = queriedPlace(this.#spec, told);
    refuseIfLockedDown(action, "bpf");
    const [sys, program, spec, mapOf] = [this.#sys, this.#descriptor, this.#spec, this.#mapOf];
    return queryPlace({ sys, program, spec, target, mapOf, action });
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    return this.#scope === undefined ? action() : this.#scope.inTurn(action);
  }

  get pinnedAt(): string | undefined {
    return this.#pin.path;
  }

  pin(path: string): void {
    this.#pin.pin(this.#descriptor, path, `program ${this.info.name}`);
  }

  unpin(): void {
    this.#pin.unpin(`program ${this.info.name}`);
  }

  /**
   * Attaches it once more wherever it is attached, as the scope has it now; not at all if the scope means nothing to it. Gives what puts
   * that in the place of what is attached, and what undoes it.
   */
  async reattach(): Promise<Reattached> {
    const replaced = new Map<KernelLink, Attachment>();
    const undo = (): void => replaced.forEach(closeAttachment);
    try {
      for (const link of this.#links) {
        const program = await this.#scope?.programFor(this.#spec);
        if (program === undefined) continue;
        if (link.pinnedAt !== undefined) publishFinding(this.#pinnedFinding);
        else replaced.set(link, await this.#attachTo(link.target, program));
      }
    } catch (error) {
      undo();
      throw error;
    }
    return { undo, replace: () => replaced.forEach((attachment, link) => this.#put(attachment, link)) };
  }

  /** A link that has been closed meanwhile stays so. */
  #put(attachment: Attachment, link: KernelLink): void {
    if (this.#links.has(link)) link.replace(attachment);
    else closeAttachment(attachment);
  }

  get #attachAction(): string {
    return `attach program ${this.#spec.name}`;
  }

  get #pinnedFinding(): string {
    return `A pinned link of program ${this.#spec.name} goes on as it was attached: it gets everybody's events`;
  }

  #attachTo(target: AttachTarget, program: Descriptor): Promise<Attachment> {
    return attachProgram({
      sys: this.#sys,
      program,
      spec: this.#spec,
      target,
      mapOf: this.#mapOf,
      action: this.#attachAction,
    });
  }

  /** Detaches it everywhere. */
  async close(): Promise<void> {
    try {
      await Promise.all([...this.#links].map((link) => link.close()));
    } finally {
      this.#descriptor.close();
    }
  }
}

/** Throws when it is none of this engine. */
export function descriptorOf(program: Replacement): number {
  if (program instanceof KernelProgram) return program.fd;
  throw new TypeError(`Cannot use program ${program.info.name} here: it belongs to another engine`);
}
