import { Attributes } from "../../../sys/ffi/attributes.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Command } from "../../../uapi/uapi.gen.ts";

const BPF_F_TEST_RUN_ON_CPU = 1;

/** BPF_PROG_TEST_RUN of a program that takes a context only, of one size, with buffers that are made once. */
export class ContextRun {
  readonly size: number;
  readonly #sys: Sys;
  /** `union bpf_attr`: program at 0, return value at 4, size and address of the context at 40 and 48, flags and CPU at 64 and 68. */
  readonly #attributes: Attributes;
  /** Not the caller's: the kernel writes a syscall program's context back to where it came from. */
  readonly #context: Uint8Array;

  constructor(sys: Sys, size: number) {
    this.size = size;
    this.#sys = sys;
    this.#attributes = new Attributes(80);
    this.#context = new Uint8Array(size);
    if (size > 0) this.#attributes.u32(40, size).pointer(48, this.#context);
  }

  /** 0 or the negative errno. What came of it stays until the next run. */
  run(program: number, context: Uint8Array | undefined, cpu: number | undefined): number {
    if (context !== undefined) this.#context.set(context);
    this.#attributes.u32(64, cpu === undefined ? 0 : BPF_F_TEST_RUN_ON_CPU).u32(68, cpu ?? 0);
    return this.#sys.bpf(Command.PROG_TEST_RUN, this.#attributes.u32(0, program));
  }

  get returnValue(): number {
    return this.#attributes.getU32(4);
  }

  /** A copy. */
  get context(): Uint8Array {
    return this.#context.slice();
  }
}
