import type { ProgramSpec } from "../../spec/types.ts";
import type { Descriptor } from "../../sys/descriptor.ts";
import type { Sys } from "../../sys/sys.ts";
import type { EngineLink, EngineProgram, ProgramInfo, RunOptions, RunResult } from "../engine.ts";
import { attachProgram } from "./attach.ts";
import { programInfo } from "./object-info.ts";
import { pinObject } from "./pin.ts";
import { runProgram } from "./run-program.ts";

/** A program that the verifier has let in. */
export class KernelProgram implements EngineProgram {
  readonly info: ProgramInfo;
  readonly #sys: Sys;
  readonly #descriptor: Descriptor;
  readonly #spec: ProgramSpec;
  readonly #links = new Set<EngineLink>();

  constructor(sys: Sys, descriptor: Descriptor, spec: ProgramSpec) {
    this.#sys = sys;
    this.#descriptor = descriptor;
    this.#spec = spec;
    this.info = { ...programInfo(sys, descriptor), name: spec.name };
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  run(options: RunOptions): Promise<RunResult> {
    return runProgram(this.#sys, this.#descriptor, this.#spec, options);
  }

  async attach(): Promise<EngineLink> {
    const attached = await attachProgram(this.#sys, this.#descriptor, this.#spec);
    const link: EngineLink = {
      detach: async () => {
        this.#links.delete(link);
        attached.close();
      },
    };
    this.#links.add(link);
    return link;
  }

  pin(path: string): void {
    pinObject(this.#sys, this.#descriptor, path, `program ${this.info.name}`);
  }

  /** Detaches it everywhere. */
  async close(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.detach()));
    this.#descriptor.close();
  }
}
