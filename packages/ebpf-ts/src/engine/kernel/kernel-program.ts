import type { AttachTarget } from "../../attach/attach-kinds.gen.ts";
import { targetOf } from "../../attach/target-of.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { EngineLink, EngineProgram, ProgramInfo, RunOptions, RunResult } from "../program.ts";
import { attachProgram } from "./attach/attach-program.ts";
import { KernelLink } from "./kernel-link.ts";
import { programInfo } from "./object-info.ts";
import { pinObject } from "./pin.ts";
import { ProgramRunner } from "./run/run-program.ts";

/** A program that the verifier has let in. */
export class KernelProgram implements EngineProgram {
  readonly info: ProgramInfo;
  readonly #sys: Sys;
  readonly #descriptor: Descriptor;
  readonly #spec: ProgramSpec;
  readonly #runner: ProgramRunner;
  readonly #links = new Set<EngineLink>();

  constructor(sys: Sys, descriptor: Descriptor, spec: ProgramSpec) {
    this.#sys = sys;
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
    const spec = this.#spec;
    const [sys, program, action] = [this.#sys, this.#descriptor, `attach program ${spec.name}`];
    const target = targetOf(spec, told);
    refuseIfLockedDown(action, "bpf");
    const attachment = await attachProgram({ sys, program, spec, target, action });
    const link = new KernelLink({ sys, attachment, target, program: this.info, descriptorOf }, () =>
      this.#links.delete(link),
    );
    this.#links.add(link);
    return link;
  }

  pin(path: string): void {
    pinObject(this.#sys, this.#descriptor, path, `program ${this.info.name}`);
  }

  /** Detaches it everywhere. */
  async close(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close()));
    this.#descriptor.close();
  }
}

/** Throws when it is none of this engine. */
export function descriptorOf(program: EngineProgram): number {
  if (program instanceof KernelProgram) return program.fd;
  throw new TypeError(`Cannot update a link to program ${program.info.name}: it belongs to another engine`);
}
