import type { AttachTarget } from "../../attach/attach-targets.gen.ts";
import { SyscallError } from "../../base/errors.ts";
import { KernelStruct, type Pointee } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { Layout, ValuesFor, ValuesOf } from "../../uapi/layout.ts";
import { BpfAttr, BpfLinkInfo, BpfMapInfo, BpfProgInfo } from "../../uapi/structs.gen.ts";
import { Errno } from "../../uapi/errno.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import type { MapInfo } from "../map.ts";
import type { ProgramInfo } from "../program.ts";
import type { LinkInfo } from "../link.ts";
import { findLinkKind } from "./attach/find-link-kind.ts";
import type { LinkDetails, LinkFields } from "./attach/link-kind.ts";
import { check } from "./failure.ts";

/** Longer than names are, and than paths (PATH_MAX). */
const longestName = 4096;

/**
 * BPF_OBJ_GET_INFO_BY_FD: the kernel fills in as much of the struct as it knows, the rest is zero. `given` says where it is to
 * write what does not stand in the struct.
 */
export function objectInfo<L extends Layout>(
  sys: Sys,
  object: { readonly fd: number },
  layout: L,
  what: string,
  given?: ValuesFor<L["fields"], Pointee>,
): ValuesOf<L["fields"]> {
  const info = new KernelStruct(layout, given);
  const attributes = new KernelStruct(BpfAttr.info, { bpf_fd: object.fd, info_len: layout.size, info: info.bytes });
  check(sys.bpf(Command.OBJ_GET_INFO_BY_FD, attributes), `ask for ${what}`);
  return info.values;
}

export interface KernelMapInfo extends MapInfo {
  readonly mapExtra: bigint;
}

export function mapInfo(sys: Sys, descriptor: { readonly fd: number }): KernelMapInfo {
  const info = objectInfo(sys, descriptor, BpfMapInfo, "a map's properties");
  return {
    type: info.type,
    id: info.id,
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    flags: info.map_flags,
    name: info.name,
    mapExtra: info.map_extra,
  };
}

export function programInfo(sys: Sys, descriptor: { readonly fd: number }): ProgramInfo {
  const info = objectInfo(sys, descriptor, BpfProgInfo, "a program's properties");
  const { type, id, name, verified_insns: verified } = info;
  // No program has none: older kernels leave it out.
  return { type, id, tag: tagText(info.tag), name, verifiedInstructions: verified === 0 ? undefined : verified };
}

/** As bpftool prints it. */
export function tagText(tag: Uint8Array): string {
  return Array.from(tag, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Without names. */
export function linkFields(sys: Sys, descriptor: { readonly fd: number }): LinkFields {
  return objectInfo(sys, descriptor, BpfLinkInfo, "a link's properties");
}

/** With the names of where it is. */
export function linkInfo(sys: Sys, descriptor: { readonly fd: number }): LinkInfo {
  return askForNames(sys, descriptor).info;
}

/** Where a link is attached that somebody else has made. `typeOf` gives BPF_PROG_TYPE_* of a program, by its id. */
export function linkTarget(
  sys: Sys,
  descriptor: { readonly fd: number },
  typeOf: (program: number) => number | undefined,
): AttachTarget | undefined {
  const { info, details } = askForNames(sys, descriptor);
  return details.target?.(info.details, typeOf(info.programId));
}

function askForNames(sys: Sys, descriptor: { readonly fd: number }): { info: LinkInfo; details: LinkDetails } {
  const fields = linkFields(sys, descriptor);
  const details = findLinkKind(fields.type).detailsOf(fields);
  const name = new Uint8Array(longestName);
  const asked = details.ask?.(name);
  const named = (): LinkFields => objectInfo(sys, descriptor, BpfLinkInfo, "a link's properties", asked);
  const told = (asked === undefined ? undefined : unlessTooLong(named)) ?? fields;
  const text = new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
  const info = { id: told.id, type: told.type, programId: told.prog_id, details: details.read(told, text, sys) };
  return { info, details };
}

/** Kernels whose struct ends before the name's length (before Linux 6.0) know no such names: E2BIG. */
function unlessTooLong<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SyscallError && error.errno === Errno.E2BIG) return undefined;
    throw error;
  }
}
