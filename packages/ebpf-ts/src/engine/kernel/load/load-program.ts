import { encodeInstructions } from "../../../insn/codec.ts";
import { type EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { findProgramKind } from "../../../kinds/find-program-kind.ts";
import { capabilitiesForProgram } from "../../../kinds/needed-capabilities.ts";
import { publishFinding } from "../../../host/reporters.ts";
import type { AssembledProgram, ProgramSpec } from "../../../spec/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { programTypeName } from "../../../uapi/type-names.ts";
import { AttachType, Command, ProgFlag } from "../../../uapi/uapi.gen.ts";
import { haveUprobeMulti } from "../attach/user-space/have-uprobe-multi.ts";
import { isKernelBefore } from "../kernel-release.ts";
import { kernelName } from "./bpf-names.ts";
import { deniedOr, isShortage } from "../failure.ts";
import type { KernelTarget } from "./kernel-target.ts";
import { debugInfo, type DebugDetail } from "./program-debug-info.ts";
import { readVerdict } from "./verdict.ts";
import { verifierError } from "./verifier-error.ts";

export interface ProgramToLoad {
  readonly spec: ProgramSpec;
  readonly assembled: AssembledProgram;
  readonly license: string;
  readonly btf: Descriptor | undefined;
  readonly target: KernelTarget;
  /** `fd_array`: descriptors of what its calls name by place. */
  readonly fds: readonly number[];
  /** `log_level`: what the verifier writes for `onLog`; 0 or left out for nothing. */
  readonly logLevel?: number | undefined;
  readonly onLog?: ((log: string) => void) | undefined;
}

const FIRST_LOG = 256 * 1024;
/** Longer logs lose their beginning (Linux 6.4) or their end. */
const LARGEST_LOG = 32 * 1024 * 1024;
const LOG_LEVEL = 1;
/** BPF_LOG_LEVEL1 and BPF_LOG_LEVEL2; beside them there are statistics. */
const LOG_LEVELS = 3;

type LoadAttributes = KernelStruct<typeof BpfAttr.prog_load>;

/**
 * Loads a program (BPF_PROG_LOAD). The log is asked for only when the kernel refuses: it makes verification slower. Where it refuses what
 * is told of the program's lines and functions, the program goes without, which is reported.
 */
export function loadProgram(sys: Sys, program: ProgramToLoad): Promise<Descriptor> {
  return loadWith(sys, program, program.btf === undefined ? "nothing" : "lines");
}

async function loadWith(sys: Sys, program: ProgramToLoad, detail: DebugDetail): Promise<Descriptor> {
  const attributes = encode(sys, program, detail);
  const { fd, log } = await tryToLoad(sys, attributes, program);
  if (fd >= 0) return new Descriptor(fd, `program ${program.spec.name}`);
  const { reason: why, slot } = readVerdict(log);
  const less = lessDetail(detail, why);
  if (less !== undefined) {
    const descriptor = await loadWith(sys, program, less);
    publishFinding(
      `The kernel refused the debug information of program ${program.spec.name} (${why}): it has ${less} of it`,
    );
    return descriptor;
  }
  if (log !== "") {
    const error = verifierError(program.assembled, program.license, -fd, log);
    throw slot < 0 ? orTooOld(program.spec, -fd, why, error) : error;
  }
  const needs = capabilitiesForProgram(program.spec.type);
  throw deniedOr(needs, fd, `load program ${program.spec.name}`, "bpf", reason(program.spec, -fd));
}

interface Attempt {
  /** A descriptor, or the error, negative. */
  readonly fd: number;
  readonly log: string;
}

async function tryToLoad(sys: Sys, attributes: LoadAttributes, program: ProgramToLoad): Promise<Attempt> {
  const { logLevel = 0, onLog } = program;
  if (logLevel > 0) {
    const attempt = await loadWithLog(sys, attributes, logLevel);
    if (attempt.fd >= 0) onLog?.(attempt.log);
    // Statistics alone do not say why.
    if (attempt.fd >= 0 || (logLevel & LOG_LEVELS) > 0) return attempt;
  }
  const fd = await retried(sys, attributes);
  // The verifier has said yes when there is no descriptor left.
  if (fd >= 0 || isShortage(fd)) return { fd, log: "" };
  const again = await loadWithLog(sys, attributes, LOG_LEVEL);
  return again.fd >= 0 ? again : { fd, log: again.log };
}

/** What the kernel may do without, when that is what it does not like. */
function lessDetail(detail: DebugDetail, why: string): DebugDetail | undefined {
  if (detail === "lines" && why.includes("line_info")) return "functions";
  return detail !== "nothing" && /func[_ ]info/.test(why) && !why.startsWith("missing") ? "nothing" : undefined;
}

/** EAGAIN: a signal interrupted the verifier. */
async function retried(sys: Sys, attributes: LoadAttributes): Promise<number> {
  let fd = -Errno.EAGAIN as number;
  for (let attempt = 0; attempt < 5 && fd === -Errno.EAGAIN; attempt++) {
    fd = await sys.bpfAsync(Command.PROG_LOAD, attributes);
  }
  return fd;
}

function encode(
  sys: Sys,
  { spec, assembled, license, btf, target, fds }: ProgramToLoad,
  detail: DebugDetail,
): LoadAttributes {
  return new KernelStruct(BpfAttr.prog_load, {
    prog_type: spec.type,
    insn_cnt: assembled.instructions.length,
    insns: encodeInstructions(assembled.instructions),
    license,
    prog_flags: flagsOf(spec),
    prog_name: kernelName(spec.name),
    expected_attach_type: target.attachType ?? attachTypeOf(sys, spec),
    attach_btf_id: target.typeId,
    attach_btf_obj_fd: target.object,
    fd_array: fds.length === 0 ? undefined : Int32Array.from(fds),
    ...(btf === undefined ? {} : debugInfo(assembled, btf, detail)),
  });
}

/** Programs of probes that a file defines are attached by one link, where there are such links. */
function attachTypeOf(sys: Sys, { kind, attachType }: ProgramSpec): number | undefined {
  const toAllPlaces = findProgramKind(kind)?.place === "usdt" && haveUprobeMulti(sys);
  return toAllPlaces ? AttachType.TRACE_UPROBE_MULTI : attachType;
}

function flagsOf({ kind, sleepable }: ProgramSpec): number {
  const frags = findProgramKind(kind)?.frags === true;
  return (sleepable ? ProgFlag.SLEEPABLE : 0) | (frags ? ProgFlag.XDP_HAS_FRAGS : 0);
}

/** With room for the whole log, as far as there is that much. */
async function loadWithLog(sys: Sys, attributes: LoadAttributes, level: number): Promise<Attempt> {
  for (let size = FIRST_LOG; ; size *= 4) {
    const log = new Uint8Array(size);
    attributes.assign({ log_level: level, log_size: size, log_buf: log });
    const fd = await retried(sys, attributes);
    if (fd === -Errno.ENOSPC && size < LARGEST_LOG) continue;
    const end = log.indexOf(0);
    return { fd, log: new TextDecoder().decode(log.subarray(0, end < 0 ? size : end)).trimEnd() };
  }
}

/** A kernel that has looked at no instruction, and is older than such programs, need not know them to have a word for it. */
function orTooOld({ name, kind }: ProgramSpec, errno: number, why: string, cause: EbpfError): EbpfError {
  const since = findProgramKind(kind)?.since;
  if (errno !== Errno.EINVAL || since === undefined || !isKernelBefore(since)) return cause;
  const said = why === "" ? "" : `, and says: ${why}`;
  const message = `Cannot load program ${name}: this kernel has no ${kind} programs (Linux ${since})${said}`;
  return new NotSupportedError(kind, message, since, { cause });
}

function reason(spec: ProgramSpec, errno: number): string | undefined {
  if (errno === Errno.EINVAL) {
    const since = findProgramKind(spec.kind)?.since;
    const version = since === undefined ? "" : ` (${spec.kind}: Linux ${since})`;
    return `the kernel does not know programs of type ${programTypeName(spec.type)}${version}, or refuses what it attaches to`;
  }
  if (errno === Errno.E2BIG) return "it has too many instructions, or no instruction at all";
  return undefined;
}
