import type { ProgramSpec } from "../../spec/types.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { EngineLink } from "../link.ts";
import type { EngineProgram, ProgramInfo, RunOptions, RunResult, UprobeOptions } from "../program.ts";
import { type Attachment, attachProgram } from "./attach/attach-program.ts";
import { attachUprobe } from "./attach/uprobe.ts";
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

  async attach(): Promise<EngineLink> {
    return this.#keep(await attachProgram(this.#sys, this.#descriptor, this.#spec));
  }

  async attachUprobe(options: UprobeOptions): Promise<EngineLink> {
    return this.#keep(await attachUprobe(this.#sys, this.#descriptor, this.#spec, options));
  }

  #keep(attached: Attachment): EngineLink {
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
