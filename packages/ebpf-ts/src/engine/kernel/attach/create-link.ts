import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { NotSupportedError, SyscallError, type EbpfError } from "../../../base/errors.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct, type Pointee } from "../../../sys/ffi/kernel-struct.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import type { ValuesFor } from "../../../uapi/layout.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { failure } from "../failure.ts";
import { mayChangeNetworks } from "../privilege.ts";
import { isKernelBefore } from "../kernel-release.ts";
import type { AttachRequest } from "./attachment.ts";

/** Where a link is to be: what all of them are told, and in `fields` what those of its kind are told beside (`union bpf_attr`, link_create). */
export interface LinkPlace {
  /** A descriptor, or the number of an interface: the attach type decides. 0 where there is none. */
  readonly target?: number;
  /** BPF_* of `enum bpf_attach_type`. */
  readonly attachType: number;
  readonly flags?: number;
  readonly fields?: ValuesFor<(typeof BpfAttr.link_create)["fields"], Pointee> | undefined;
}

/** What a refusal means for links of one kind. */
export interface LinkRefusals {
  /** In messages and as the feature: `XDP links`. */
  readonly what: string;
  /** The first Linux that makes such links. */
  readonly since: string;
  /** It takes CAP_NET_ADMIN beside CAP_BPF. */
  readonly ofNetworks?: boolean;
  /** Why, by errno: follows "Cannot attach program x: ". */
  readonly meanings?: Readonly<Record<number, string>>;
}

/** What an older kernel says to a field, a flag or an attach type that it does not know. */
const unknownToKernel: readonly number[] = [Errno.EINVAL, Errno.E2BIG, Errno.ENOTSUPP, Errno.EOPNOTSUPP];

const inTheWay: readonly number[] = [Errno.EBUSY, Errno.EEXIST];
/** Where the way that attaches has a word for it: there are as many programs as there can be. */
const tooMany: readonly number[] = [Errno.E2BIG, Errno.ERANGE];

/** BPF_LINK_CREATE. Gives the negative errno on failure, for who has another way. */
export function tryLink({ sys, program, spec }: AttachRequest<AttachTarget>, place: LinkPlace): Descriptor | number {
  const { target = 0, attachType, flags, fields } = place;
  const attributes = new KernelStruct(BpfAttr.link_create, {
    prog_fd: program.fd,
    target_fd: target,
    attach_type: attachType,
    flags,
    ...fields,
  });
  const fd = sys.bpf(Command.LINK_CREATE, attributes);
  return fd < 0 ? fd : new Descriptor(fd, `the link of program ${spec.name}`);
}

/** The same, where there is no other way. */
export function createLink(request: AttachRequest<AttachTarget>, place: LinkPlace, refusals: LinkRefusals): Descriptor {
  const link = tryLink(request, place);
  if (typeof link === "number") throw linkFailure(link, request.action, refusals);
  return link;
}

/** NOT_SUPPORTED, with the version, where the kernel is older than such links; BUSY where another program is in the way. */
export function linkFailure(result: number, action: string, refusals: LinkRefusals): EbpfError {
  const { what, since, ofNetworks = false, meanings } = refusals;
  const number = Math.abs(result);
  if (unknownToKernel.includes(number) && isKernelBefore(since)) {
    return new NotSupportedError(what, `Cannot ${action}: this kernel has no ${what} (Linux ${since})`, since);
  }
  const why = meanings?.[number];
  if (number === Errno.ESTALE) {
    const changed = "what is attached there has changed since that revision, query() it again";
    return new SyscallError("bpf", number, "ESTALE", `Cannot ${action}: ${changed} (ESTALE)`, "STALE");
  }
  if (number === Errno.EPERM && ofNetworks && !mayChangeNetworks()) {
    return failure(result, action, "bpf", "it takes root, or CAP_NET_ADMIN beside CAP_BPF");
  }
  if (!inTheWay.includes(number) && !(why !== undefined && tooMany.includes(number)))
    return failure(result, action, "bpf", why);
  const name = errnoName(number);
  const message = `Cannot ${action}: ${why ?? "a program is attached there already"} (${name})`;
  return new SyscallError("bpf", number, name, message, "BUSY");
}
