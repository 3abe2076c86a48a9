import { EbpfError } from "../../../../base/errors.ts";
import type { EngineProgram } from "../../../program.ts";
import { putById } from "./held-by-id.ts";
import { KernelMap } from "../kernel-map.ts";
import { KernelProgram } from "../../kernel-program.ts";

/** BPF_MAP_TYPE_PROG_ARRAY: written with descriptors, read as ids. */
export class ProgramArray extends KernelMap {
  setProgram(index: number, program: EngineProgram): void {
    if (!(program instanceof KernelProgram)) {
      throw new TypeError(
        `Cannot put program ${program.info.name} into map ${this.info.name}: it belongs to another engine`,
      );
    }
    this.setDescriptor(index, program.fd);
  }

  setId(key: Uint8Array, id: number): void {
    this.refuseSealed("use a key of");
    putById(this.sys, "program", id, this.info.name, (value) => this.update(key, value, 0));
  }

  /** Throws EINVAL when the program's type is not that of the programs before. */
  setDescriptor(index: number, fd: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.info.maxEntries) {
      throw new EbpfError(
        "TOO_BIG",
        `Cannot use slot ${index} of map ${this.info.name}: it has ${this.info.maxEntries} slots`,
      );
    }
    this.update(new Uint8Array(new Uint32Array([index]).buffer), new Uint8Array(new Uint32Array([fd]).buffer), 0);
  }
}
