import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { encodeInstructions } from "../../insn/codec.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { CALL, EXIT } from "../../insn/opcodes.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Errno } from "../../uapi/errno.ts";
import { Command, ProgFlag } from "../../uapi/uapi.gen.ts";

/** A program of a few instructions, which is loaded in order to see what the kernel says, and never attached. */
export interface TinyProgram {
  readonly type: number;
  readonly attachType?: number | undefined;
  readonly sleepable?: boolean | undefined;
  /** Of the type in the kernel's BTF that it attaches to. */
  readonly attachTypeId?: number | undefined;
  /** Before `r0 = 0; exit`. */
  readonly code?: readonly Instruction[] | undefined;
}

export interface TinyOutcome {
  /** 0 where it was loaded. */
  readonly errno: number;
  /** What the verifier said: empty where it was not asked. */
  readonly log: string;
}

/** BPF_ALU64 | BPF_MOV */
const movImmediate = 0xb7;
const returnZero: readonly Instruction[] = [
  { opcode: movImmediate, dst: 0, src: 0, offset: 0, imm: 0 },
  { opcode: EXIT, dst: 0, src: 0, offset: 0, imm: 0 },
];
const logSize = 16_384;

/** `call helper`, or a kernel function. */
export function callOf(id: number, kind = 0): Instruction {
  return { opcode: CALL, dst: 0, src: kind, offset: 0, imm: id };
}

/** Loads it and lets it go. */
export function loadTiny(sys: Sys, program: TinyProgram): TinyOutcome {
  return withTiny(sys, program, () => undefined).outcome;
}

/** The same, and does something with it while it is there. */
export function withTiny<T>(
  sys: Sys,
  program: TinyProgram,
  use: (descriptor: Descriptor) => T,
): { readonly outcome: TinyOutcome; readonly used: T | undefined } {
  refuseIfLockedDown("probe the kernel", "bpf");
  const instructions = [...(program.code ?? []), ...returnZero];
  const log = new Uint8Array(logSize);
  const attributes = new KernelStruct(BpfAttr.prog_load, {
    prog_type: program.type,
    insn_cnt: instructions.length,
    insns: encodeInstructions(instructions),
    license: "GPL",
    log_level: 1,
    log_size: log.length,
    log_buf: log,
    prog_flags: program.sleepable === true ? ProgFlag.SLEEPABLE : undefined,
    expected_attach_type: program.attachType,
    attach_btf_id: program.attachTypeId,
  });
  let fd = sys.bpf(Command.PROG_LOAD, attributes);
  if (fd === -Errno.EPERM) {
    // Before Linux 5.11 programs count as locked memory.
    sys.raiseLockedMemory();
    fd = sys.bpf(Command.PROG_LOAD, attributes);
  }
  const text = new TextDecoder().decode(log.subarray(0, Math.max(0, log.indexOf(0)))).trimEnd();
  if (fd < 0) return { outcome: { errno: -fd, log: text }, used: undefined };
  const descriptor = new Descriptor(fd, "a probe");
  try {
    return { outcome: { errno: 0, log: text }, used: use(descriptor) };
  } finally {
    descriptor.close();
  }
}
