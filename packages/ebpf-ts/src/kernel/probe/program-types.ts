import { kernelBtf } from "../../engine/kernel/load/kernel-btf.ts";
import { findProgramKind } from "../../kinds/find-program-kind.ts";
import { capabilitiesForProgram } from "../../kinds/needed-capabilities.ts";
import { programKinds } from "../../kinds/program-kinds.ts";
import type { KernelTypeName, ProgramKind } from "../../kinds/program-kind.ts";
import { Errno } from "../../uapi/errno.ts";
import { AttachType, ProgType } from "../../uapi/uapi.gen.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { loadTiny, type TinyProgram } from "./load-tiny.ts";
import { type Answer, no, untold, yes } from "./probed.ts";

/** BTF id 1 is no function: the kernel says so of a type of program that it knows, and loads nothing. */
const noFunction = 1;

/** Those whose programs the kernel loads for a place that it knows alone. */
const bound: Readonly<Record<number, Omit<TinyProgram, "type">>> = {
  [ProgType.TRACING]: { attachType: AttachType.TRACE_FENTRY, attachTypeId: noFunction },
  [ProgType.LSM]: { attachType: AttachType.LSM_MAC, attachTypeId: noFunction },
  [ProgType.EXT]: { attachTypeId: noFunction },
  [ProgType.STRUCT_OPS]: { attachTypeId: noFunction },
};

/** All sections of a type: some of them may be newer. */
export function kindsOfType(type: number): readonly ProgramKind[] {
  return programKinds.filter((kind) => kind.type === type);
}

/** The smallest program of a type that the kernel takes. */
export function tinyOfType(type: number): TinyProgram {
  const [kind] = kindsOfType(type);
  return { type, attachType: kind?.attachType, sleepable: kind?.sleepable, ...bound[type] };
}

/** The first Linux that loads any program of the type. */
export function programTypeSince(type: number): string | undefined {
  return kindsOfType(type)
    .map(({ since }) => since)
    .toSorted(compareReleases)[0];
}

function compareReleases(a: string, b: string): number {
  const [major = 0, minor = 0] = a.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = b.split(".").map(Number);
  return major - otherMajor || minor - otherMinor;
}

/** Without its attachment to anything, where that tells. */
export async function askProgramType(sys: Sys, type: number): Promise<Answer> {
  const answer = answerOf(loadTiny(sys, tinyOfType(type)), type);
  if (answer.outcome !== "cannot tell" || !(type in places)) return answer;
  const program = await loadable(type);
  return program === undefined ? answer : answerOf(loadTiny(sys, program), type);
}

/** A verifier that says something knows the type; EINVAL without a word, but for its counts, is for types that the kernel does not have. */
export function answerOf({ errno, log }: { readonly errno: number; readonly log: string }, type: number): Answer {
  if (errno === 0 || !/^(?:processed .*)?$/.test(log)) return yes;
  if (errno === Errno.ENOTSUPP && type === ProgType.STRUCT_OPS) return yes;
  if (errno === Errno.EINVAL || errno === Errno.E2BIG || errno === Errno.ENOTSUPP || errno === Errno.EOPNOTSUPP)
    return no;
  return untold(errno, capabilitiesForProgram(type));
}

/** For types whose programs are looked at once the verifier knows where they go: a place that every kernel with such programs has. */
const places: Readonly<Record<number, readonly [section: string, name: string]>> = {
  [ProgType.TRACING]: ["tp_btf", "sys_enter"],
  [ProgType.LSM]: ["lsm", "file_open"],
};

/** Undefined where there is no place that is always there. */
export async function loadable(programType: number): Promise<TinyProgram | undefined> {
  if (programType === ProgType.EXT || programType === ProgType.STRUCT_OPS) return undefined;
  const place = places[programType];
  if (place === undefined) return tinyOfType(programType);
  const [section, name] = place;
  const kind = findProgramKind(section)!;
  const attachTypeId = await kernelTypeId(kind.kernelType!, name);
  return attachTypeId === undefined ? undefined : { type: programType, attachType: kind.attachType, attachTypeId };
}

/** The id of what the kernel's types call so. */
export async function kernelTypeId({ prefix, kind }: KernelTypeName, name: string): Promise<number | undefined> {
  const types = await kernelBtf();
  const wanted = `${prefix}${name}`;
  return types.find(wanted, kind)[0]?.id;
}
