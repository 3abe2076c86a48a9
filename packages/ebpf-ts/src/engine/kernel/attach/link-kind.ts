import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import type { Pointee } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { ValuesFor, ValuesOf } from "../../../uapi/layout.ts";
import type { BpfLinkInfo } from "../../../uapi/structs.gen.ts";
import type { LinkInfo } from "../../link.ts";

/** What there is to know of links of one BPF_LINK_TYPE_*, whoever has made them: a file of `links/` each, of the type's name. */
export interface LinkKind {
  /** Whether the kernel puts another program in the place of the one that is attached (BPF_LINK_UPDATE). */
  readonly canUpdate: boolean;
  /** How it is asked where such a link is. `fields`: what it says of this one without being given room for names. */
  detailsOf(fields: LinkFields): LinkDetails;
}

type Fields = (typeof BpfLinkInfo)["fields"];

export type LinkFields = ValuesOf<Fields>;

/** How the kernel says where a link is attached. */
export interface LinkDetails {
  /** Asks it to write a name to memory that is given; that of the kernels which do not know such names stays empty. */
  ask?(name: Uint8Array): ValuesFor<Fields, Pointee>;
  read(info: LinkFields, name: string, sys: Sys): LinkInfo["details"];
  /** The same as attach() would be told it; undefined where the kernel does not tell all of it. */
  target?(details: LinkInfo["details"], programType: number | undefined): AttachTarget | undefined;
}

/** Of links whose place is told in numbers. */
export function toldByFields(
  canUpdate: boolean,
  read: (fields: LinkFields, sys: Sys) => LinkInfo["details"],
): LinkKind {
  const details: LinkDetails = { read: (fields, _, sys) => read(fields, sys) };
  return { canUpdate, detailsOf: () => details };
}
