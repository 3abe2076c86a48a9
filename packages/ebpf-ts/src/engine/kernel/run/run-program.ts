import { NotSupportedError } from "../../../base/errors.ts";
import { contextShape } from "../../../kinds/find-program-kind.ts";
import type { ContextShape } from "../../../kinds/program-kind.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { programTypeName } from "../../../uapi/type-names.ts";
import type { RunOptions, RunResult } from "../../program.ts";
import { failure } from "../failure.ts";
import { ContextRun } from "./run-context.ts";
import { runPackets } from "./run-packets.ts";

const LARGEST_REPEAT = 0x7fff_ffff;
/** After so many the event loop gets its turn. */
const RUNS_IN_A_ROW = 64;

/** Runs one program by hand (BPF_PROG_TEST_RUN: packets Linux 4.12, raw tracepoints 5.10, syscall programs 5.14). */
export class ProgramRunner {
  readonly #sys: Sys;
  readonly #program: Descriptor;
  readonly #spec: ProgramSpec;
  readonly #context: ContextShape;
  /** Kept from run to run, for making it takes longer than a run. */
  #call: ContextRun | undefined;

  constructor(sys: Sys, program: Descriptor, spec: ProgramSpec) {
    this.#sys = sys;
    this.#program = program;
    this.#spec = spec;
    this.#context = contextShape(spec.type);
  }

  async run({ context, data, repeat = 1, cpu, task }: RunOptions): Promise<RunResult> {
    if (!Number.isInteger(repeat) || repeat < 1 || repeat > LARGEST_REPEAT) {
      throw new RangeError(`repeat must be a whole number from 1 to ${LARGEST_REPEAT}, not ${repeat}`);
    }
    if (task !== undefined) {
      throw new NotSupportedError(
        "tasks",
        `Cannot run program ${this.#spec.name} for another task: in the kernel it runs for this process`,
      );
    }
    if (this.#context.of !== "packet") return this.#runWithContext(context, repeat, cpu);
    const result = await runPackets(this.#sys, this.#program, { context, data, repeat });
    if (typeof result === "number") this.#check(result);
    return result as RunResult;
  }

  /** The kernel runs these types once a call. The duration is measured here, the system call included. */
  async #runWithContext(context: Uint8Array | undefined, repeat: number, cpu?: number): Promise<RunResult> {
    const size = context?.length ?? 0;
    if (this.#call?.size !== size) this.#call = new ContextRun(this.#sys, size);
    const call = this.#call;
    let next = context;
    const start = performance.now();
    for (let turn = 1; turn <= repeat; turn++) {
      this.#check(call.run(this.#program.fd, next, cpu));
      next = undefined; // It stays as the run has left it.
      if (turn % RUNS_IN_A_ROW !== 0 || turn === repeat) continue;
      // Until other work of this thread comes in between, which may run it too.
      next = call.context;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const duration = Math.round(((performance.now() - start) * 1e6) / repeat);
    const written = context !== undefined && this.#context.writable;
    return { returnValue: call.returnValue, duration, context: written ? call.context : undefined, data: undefined };
  }

  #check(result: number): void {
    if (result >= 0) return;
    const action = `run program ${this.#spec.name} by hand`;
    if (result === -Errno.ENOTSUPP || result === -Errno.EOPNOTSUPP) {
      const type = programTypeName(this.#spec.type);
      throw new NotSupportedError(
        "test run",
        `Cannot ${action}: the kernel does not do that with programs of type ${type}; engine: "embedded" does it with all`,
      );
    }
    const hint = "its context or its data have the wrong size, or are not for this type of program";
    throw failure(result, action, "bpf", result === -Errno.EINVAL ? hint : undefined);
  }
}
