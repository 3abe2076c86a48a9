import { integer } from "../../base/checks.ts";
import { linkInfo } from "../../engine/kernel/object-info.ts";
import type { LinkInfo } from "../../engine/link.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { linkTypeName } from "../../uapi/type-names.ts";
import { allOf, readOne } from "./family.ts";

/** A link that keeps a program attached (`struct bpf_link_info`). */
export interface LoadedLink extends LinkInfo {
  /** `raw_tracepoint` for BPF_LINK_TYPE_RAW_TRACEPOINT. */
  readonly typeName: string;
}

/**
 * Links, in the order of their ids (BPF_LINK_GET_NEXT_ID, Linux 5.8). NO_PRIVILEGE without CAP_SYS_ADMIN. What is attached without one
 * is not among them: programs of clsact, of cgroups by BPF_PROG_ATTACH, of perf events before Linux 5.15.
 */
export function links(): Iterable<LoadedLink> {
  return linksOf(linuxSys());
}

/** One of them; undefined where there is none of that id. */
export function findLink(id: number): LoadedLink | undefined {
  integer(0, 0xffff_ffff)(id, "The id of findLink()");
  const sys = linuxSys();
  return readOne(sys, "link", id, (descriptor) => readLink(sys, descriptor));
}

/** @internal */
export function linksOf(sys: Sys): Iterable<LoadedLink> {
  return allOf(sys, "link", (descriptor) => readLink(sys, descriptor));
}

function readLink(sys: Sys, descriptor: Descriptor): LoadedLink {
  const info = linkInfo(sys, descriptor);
  return { ...info, typeName: linkTypeName(info.type) };
}
