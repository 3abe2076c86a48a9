import type { FreplaceTarget } from "../../../../../attach/targets/kernel/freplace.ts";
import { EbpfError, SyscallError } from "../../../../../base/errors.ts";
import { Errno } from "../../../../../uapi/errno.ts";
import { attachTyped } from "../../attach-typed.ts";
import type { Attach } from "../../attachment.ts";

/** The verifier was told of the program and its function, which the kernel forgets when the program is attached. */
export const attachFreplace: Attach<FreplaceTarget> = async (request) => {
  try {
    return attachTyped(request, request.target.cookie);
  } catch (cause) {
    if (!(cause instanceof SyscallError) || cause.errno !== Errno.EINVAL) throw cause;
    const why = "a program that replaces a function is attached once, load it again for another time";
    throw new EbpfError("BUSY", `Cannot ${request.action}: ${why}`, { cause });
  }
};
