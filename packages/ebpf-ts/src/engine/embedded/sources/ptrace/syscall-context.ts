import type { Pinned } from "../../../../sys/ffi/pinned.ts";
import { pinned } from "../../../../sys/ffi/pinned.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { SyscallStop } from "../../../../sys/process/ptrace.ts";
import type { Ptrace } from "../../../../sys/process/ptrace.ts";
import { PtraceSyscallInfo, RawSysEnter, RawSysExit } from "../../../../uapi/structs.gen.ts";
import type { RunContext } from "../../machine/contracts.ts";
import { runContext } from "../context-type.ts";
import { completePtRegs } from "./architecture.ts";
import type { TraceArchitecture } from "./architecture.ts";
import { enterContext, exitContext, rawContext, rawValueAt } from "./context-types.ts";
import type { SyscallProgram } from "./syscall-programs.ts";
import { x32Bit } from "../../../../sys/seccomp/classic-bpf.ts";

const { op, arch, entry, exit } = PtraceSyscallInfo.fields;
const { nr, args } = entry.fields;
const { rval } = exit.fields;
/** It stands at the same place in both contexts. */
const { id } = RawSysEnter.fields;

/**
 * The contexts of the system call at which a task has stopped, in the kernel's layout (context-types.ts). The 4 bytes after nr are zero,
 * so that a 64-bit id is the same. Buffers are reused from event to event.
 */
export class SyscallContext {
  /** The number at an entry or seccomp stop, -1 for a system call of another ABI. */
  syscall = -1;
  readonly #ptrace: Ptrace;
  readonly #architecture: TraceArchitecture;
  readonly #info = new KernelStruct(PtraceSyscallInfo);
  readonly #registers: Pinned;
  readonly #firstArgument: Uint8Array;
  readonly #enter = new Uint8Array(enterContext.size);
  readonly #exit = new Uint8Array(exitContext.size);
  readonly #raw: Uint8Array;
  readonly #ptRegs: Uint8Array;
  readonly #enterContext: RunContext;
  readonly #exitContext: RunContext;
  readonly #rawContext: RunContext;

  constructor(ptrace: Ptrace, architecture: TraceArchitecture) {
    this.#ptrace = ptrace;
    this.#architecture = architecture;
    this.#registers = pinned(architecture.registersSize);
    this.#firstArgument = this.#enter.subarray(RawSysEnter.fields.args.at, RawSysEnter.fields.args.at + 8);
    this.#ptRegs = new Uint8Array(architecture.ptRegsSize);
    const raw = rawContext(architecture.ptRegsSize);
    this.#raw = new Uint8Array(raw.size);
    this.#enterContext = runContext({ type: enterContext, bytes: this.#enter });
    this.#exitContext = runContext({ type: exitContext, bytes: this.#exit });
    this.#rawContext = runContext({ type: raw, bytes: this.#raw, objects: [this.#ptRegs] });
  }

  /** Asks where the task stands: one of {@link SyscallStop}, `none` also when it is gone. */
  read(tid: number): number {
    const info = this.#info;
    if (this.#ptrace.syscallInfo(tid, info) < 0) return SyscallStop.none;
    const stop = info.number(op);
    // Both begin alike. A number of the kernel's has 32 bits.
    if (stop === SyscallStop.entry || stop === SyscallStop.seccomp) {
      const number = info.number(nr) % 2 ** 32;
      this.syscall = info.number(arch) === this.#architecture.audit && number < x32Bit ? number : -1;
    }
    return stop;
  }

  /** For the programs at the entry; `undefined` when the task is gone. */
  enter(tid: number, syscall: number, program: SyscallProgram): RunContext | undefined {
    const { bytes } = this.#info;
    this.#setNumber(this.#enter, syscall);
    this.#enter.set(bytes.subarray(args.at, args.end), RawSysEnter.fields.args.at);
    if (program.context === "tracepoint") return this.#enterContext;
    this.#raw.set(this.#enter.subarray(id.at, id.end), rawValueAt);
    return this.#withRegisters(tid, syscall);
  }

  exit(tid: number, syscall: number, program: SyscallProgram): RunContext | undefined {
    const result = this.#info.bytes.subarray(rval.at, rval.end);
    this.#setNumber(this.#exit, syscall);
    this.#exit.set(result, RawSysExit.fields.ret.at);
    if (program.context === "tracepoint") return this.#exitContext;
    this.#raw.set(result, rawValueAt);
    return this.#withRegisters(tid, syscall);
  }

  #setNumber(bytes: Uint8Array, syscall: number): void {
    bytes[id.at] = syscall & 0xff;
    bytes[id.at + 1] = (syscall >> 8) & 0xff;
    bytes[id.at + 2] = (syscall >> 16) & 0xff;
    bytes[id.at + 3] = syscall >>> 24;
  }

  #withRegisters(tid: number, syscall: number): RunContext | undefined {
    if (this.#ptrace.registers(tid, this.#registers) < 0) return undefined;
    const { bytes } = this.#registers;
    this.#ptRegs.set(bytes.length <= this.#ptRegs.length ? bytes : bytes.subarray(0, this.#ptRegs.length));
    completePtRegs(this.#architecture, this.#ptRegs, syscall, this.#firstArgument);
    return this.#rawContext;
  }
}
