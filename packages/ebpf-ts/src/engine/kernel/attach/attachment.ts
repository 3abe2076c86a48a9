import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Pointee } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { ValuesFor, ValuesOf } from "../../../uapi/layout.ts";
import type { BpfLinkInfo } from "../../../uapi/structs.gen.ts";
import type { LinkInfo } from "../../link.ts";

/** The contract of this room: what attaches programs to one kind of place, a file a kind. */
export type Attach<Target extends AttachTarget> = (request: AttachRequest<Target>) => Promise<Attachment>;

export interface AttachRequest<Target extends AttachTarget> {
  readonly sys: Sys;
  readonly program: Descriptor;
  readonly spec: ProgramSpec;
  readonly target: Target;
  /** In messages, after "Cannot": `attach program x`. */
  readonly action: string;
}

/** What keeps a program attached, until all of it is closed. */
export interface Attachment {
  /** Undefined where this kernel has no links of that kind: the event keeps the program attached then. */
  readonly link: Descriptor | undefined;
  readonly event?: Descriptor | undefined;
  /** Whether the kernel puts another program in the place of this one (BPF_LINK_UPDATE). */
  readonly canUpdate: boolean;
  readonly details: LinkDetails;
}

type LinkFields = (typeof BpfLinkInfo)["fields"];

/** How the kernel says where a link is attached. */
export interface LinkDetails {
  /** Asks it to write a name to memory that is given; that of the kernels which do not know such names stays empty. */
  ask(name: Uint8Array): ValuesFor<LinkFields, Pointee>;
  read(info: ValuesOf<LinkFields>, name: string): LinkInfo["details"];
}
