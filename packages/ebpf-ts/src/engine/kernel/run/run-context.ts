import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";

const BPF_F_TEST_RUN_ON_CPU = 1;
const { prog_fd, retval, flags, cpu: onCpu } = BpfAttr.test.fields;

/** BPF_PROG_TEST_RUN of a program that takes a context only, of one size, with buffers that are made once. */
export class ContextRun {
  readonly size: number;
  readonly #sys: Sys;
  readonly #attributes: KernelStruct<typeof BpfAttr.test>;
  /** Not the caller's: the kernel writes a syscall program's context back to where it came from. */
  readonly #context: Uint8Array;

  constructor(sys: Sys, size: number) {
    this.size = size;
    this.#sys = sys;
    this.#context = new Uint8Array(size);
    this.#attributes = new KernelStruct(BpfAttr.test);
    if (size > 0) this.#attributes.assign({ ctx_size_in: size, ctx_in: this.#context });
  }

  /** 0 or the negative errno. What came of it stays until the next run. */
  run(program: number, context: Uint8Array | undefined, cpu: number | undefined): number {
    if (context !== undefined) this.#context.set(context);
    this.#attributes.putU32(flags, cpu === undefined ? 0 : BPF_F_TEST_RUN_ON_CPU).putU32(onCpu, cpu ?? 0);
    return this.#sys.bpf(Command.PROG_TEST_RUN, this.#attributes.putU32(prog_fd, program));
  }

  get returnValue(): number {
    return this.#attributes.number(retval);
  }

  /** A copy. */
  get context(): Uint8Array {
    return this.#context.slice();
  }
}
