import { NotSupportedError } from "../../errors.ts";
import type { EbpfError } from "../../errors.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import { Attributes } from "../../sys/attributes.ts";
import type { Descriptor } from "../../sys/descriptor.ts";
import type { Sys } from "../../sys/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { programTypeName } from "../../uapi/type-names.ts";
import { Command, ProgType } from "../../uapi/uapi.gen.ts";
import type { RunOptions, RunResult } from "../engine.ts";
import { failure } from "./failure.ts";

/** A program may make a packet longer than it was; beyond a page and its headroom the kernel does not go. */
const ROOM_FOR_GROWTH = 4096;
const LARGEST_REPEAT = 0x7fff_ffff;
/** After so many the event loop gets its turn. */
const RUNS_IN_A_ROW = 64;

/** Types that take and give packets. */
const packetTypes: ReadonlySet<number> = new Set([
  ProgType.SOCKET_FILTER,
  ProgType.SCHED_CLS,
  ProgType.SCHED_ACT,
  ProgType.XDP,
  ProgType.CGROUP_SKB,
  ProgType.LWT_IN,
  ProgType.LWT_OUT,
  ProgType.LWT_XMIT,
  ProgType.FLOW_DISSECTOR,
]);

/** Types that have no context from user space, or take one and give none back. */
const readOnlyContext: ReadonlySet<number> = new Set([ProgType.RAW_TRACEPOINT, ProgType.TRACING]);

/** Runs a program by hand (BPF_PROG_TEST_RUN: packets Linux 4.12, raw tracepoints 5.10, syscall programs 5.14). */
export async function runProgram(sys: Sys, program: Descriptor, spec: ProgramSpec, options: RunOptions): Promise<RunResult> {
  const repeat = options.repeat ?? 1;
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > LARGEST_REPEAT) {
    throw new RangeError(`repeat must be a whole number from 1 to ${LARGEST_REPEAT}, not ${repeat}`);
  }
  const call = new TestRun(program, spec, options);
  if (packetTypes.has(spec.type)) {
    call.attributes.u32(32, repeat);
    const result = repeat > 1 ? await sys.bpfAsync(Command.PROG_TEST_RUN, call.attributes) : sys.bpf(Command.PROG_TEST_RUN, call.attributes);
    if (result < 0) throw runFailure(spec, -result);
    return call.result(call.attributes.getU32(36));
  }
  return call.result(await runEach(sys, spec, call, repeat));
}

/** For types that the kernel runs only once a call. Gives the mean time in nanoseconds, the system call included. */
async function runEach(sys: Sys, spec: ProgramSpec, call: TestRun, repeat: number): Promise<number> {
  const start = performance.now();
  for (let turn = 0; turn < repeat; turn++) {
    if (turn % RUNS_IN_A_ROW === RUNS_IN_A_ROW - 1) await new Promise((resolve) => setImmediate(resolve));
    call.restoreContext();
    const result = sys.bpf(Command.PROG_TEST_RUN, call.attributes);
    if (result < 0) throw runFailure(spec, -result);
  }
  return Math.round(((performance.now() - start) * 1e6) / repeat);
}

/** `union bpf_attr`, the part of BPF_PROG_TEST_RUN, and what it points at. */
class TestRun {
  readonly attributes: Attributes;
  readonly #given: Uint8Array | undefined;
  readonly #context: Uint8Array | undefined;
  readonly #dataOut: Uint8Array | undefined;
  readonly #contextOut: Uint8Array | undefined;

  constructor(program: Descriptor, spec: ProgramSpec, options: RunOptions) {
    this.attributes = new Attributes(80).u32(0, program.fd);
    this.#given = options.context;
    // A copy: the kernel writes a syscall program's context back to where it came from.
    this.#context = options.context?.slice();
    if (this.#context !== undefined && this.#context.length > 0) {
      this.attributes.u32(40, this.#context.length).pointer(48, this.#context);
    }
    if (!packetTypes.has(spec.type)) {
      this.#contextOut = readOnlyContext.has(spec.type) ? undefined : this.#context;
      return;
    }
    if (options.data !== undefined) this.#dataOut = this.#addPacket(options.data);
    if (this.#context !== undefined) this.#contextOut = this.#addContextOut(this.#context.length);
  }

  restoreContext(): void {
    if (this.#given !== undefined) this.#context?.set(this.#given);
  }

  result(duration: number): RunResult {
    return {
      returnValue: this.attributes.getU32(4),
      duration,
      data: this.#dataOut?.slice(0, this.attributes.getU32(12)),
      context: this.#contextOut,
    };
  }

  #addPacket(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(data.length + ROOM_FOR_GROWTH);
    this.attributes.u32(8, data.length).pointer(16, data.slice()).u32(12, out.length).pointer(24, out);
    return out;
  }

  #addContextOut(length: number): Uint8Array {
    const out = new Uint8Array(length);
    this.attributes.u32(44, length).pointer(56, out);
    return out;
  }
}

function runFailure(spec: ProgramSpec, errno: number): EbpfError {
  const action = `run program ${spec.name} by hand`;
  if (errno === Errno.ENOTSUPP || errno === Errno.EOPNOTSUPP) {
    return new NotSupportedError("test run", `Cannot ${action}: the kernel does not do that with programs of type ${programTypeName(spec.type)}`);
  }
  const hint = "its context or its data have the wrong size, or are not for this type of program";
  return failure(errno, action, "bpf", errno === Errno.EINVAL ? hint : undefined);
}
