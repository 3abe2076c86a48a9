import { NotSupportedError, SyscallError } from "../../base/errors.ts";
import type { EbpfError, EbpfErrorCode } from "../../base/errors.ts";
import { lockedDownBy } from "../../host/locked-down.ts";
import { Errno, errnoName } from "../../uapi/errno.ts";
import { type Capability, elsewhere, missingAdmin, missingPrivilegeOr } from "./privilege.ts";

const meanings: Readonly<Record<number, string>> = {
  [Errno.E2BIG]: "it is too big for the kernel",
  [Errno.EACCES]: "access is denied",
  [Errno.EBUSY]: "it is in use",
  [Errno.EEXIST]: "it exists already",
  [Errno.EFBIG]: "it is too big for an ArrayBuffer of this host",
  [Errno.EINVAL]: "the kernel calls it invalid",
  [Errno.EMFILE]: "this process has too many open files",
  [Errno.ENFILE]: "the system has too many open files",
  [Errno.ENOENT]: "there is no such thing",
  [Errno.ENOMEM]: "there is not enough memory",
  [Errno.ENOSPC]: "there is no room left",
  [Errno.ESRCH]: "there is no such process",
};

/**
 * The error for a failed call. `action` follows "Cannot": `create map events`. `why` replaces the general explanation. `instead`: what there is where
 * the kernel is not to be had, which is told by what loads.
 */
export function failure(errno: number, action: string, call: string, why?: string, instead: string = ""): EbpfError {
  const number = Math.abs(errno);
  const name = errnoName(number);
  if (number === Errno.ENOSYS) {
    return new NotSupportedError(
      call,
      `Cannot ${action}: this kernel has no ${call}(2)${instead === "" ? "" : `, ${instead}`}`,
    );
  }
  const locked = number === Errno.EPERM || number === Errno.EACCES ? lockedDownBy("privileged") : undefined;
  if (locked !== undefined && why === undefined) {
    return new SyscallError(call, number, name, `Cannot ${action}: ${locked} (${name})`, "NO_PRIVILEGE");
  }
  if (number === Errno.EPERM && why === undefined) {
    return new SyscallError(call, number, name, `Cannot ${action}: ${missingPrivilegeOr(instead)}`, "NO_PRIVILEGE");
  }
  if (number === Errno.ENOTSUPP || number === Errno.EOPNOTSUPP) {
    return new NotSupportedError(call, `Cannot ${action}: ${why ?? "this kernel does not support it"} (${name})`);
  }
  // Said by us, so that the caller's guess about the kernel is none of it.
  const meaning = (number === Errno.EFBIG ? undefined : why) ?? meanings[number] ?? "the kernel refused";
  return new SyscallError(call, number, name, `Cannot ${action}: ${meaning} (${name})`, codes[number] ?? "SYSCALL");
}

/** The error of what loads, and takes those capabilities: which of them are missing is said. */
export function deniedOr(
  needs: readonly Capability[],
  errno: number,
  action: string,
  call: string,
  why?: string,
): EbpfError {
  const number = Math.abs(errno);
  if (number !== Errno.EPERM || lockedDownBy("privileged") !== undefined)
    return failure(errno, action, call, why, elsewhere);
  return new SyscallError(
    call,
    number,
    errnoName(number),
    `Cannot ${action}: ${missingPrivilegeOr(elsewhere, needs)}`,
    "NO_PRIVILEGE",
  );
}

/** The error of what takes CAP_SYS_ADMIN, and neither less nor more: listing, and opening by number. */
export function adminFailure(result: number, action: string): EbpfError {
  const isPlain = result === -Errno.EPERM && lockedDownBy("privileged") === undefined;
  return failure(result, action, "bpf", isPlain ? missingAdmin() : undefined);
}

/** Whether a result says that nothing is left of something, and nothing of what was asked for: to ask for less, or otherwise, does not help. */
export function isShortage(result: number): boolean {
  return result === -Errno.EMFILE || result === -Errno.ENFILE || result === -Errno.ENOMEM;
}

const codes: Readonly<Record<number, EbpfErrorCode>> = {
  [Errno.ENOENT]: "NOT_FOUND",
  [Errno.ESRCH]: "NOT_FOUND",
  [Errno.ENOSPC]: "NO_SPACE",
  [Errno.EPERM]: "NO_PRIVILEGE",
  [Errno.EMFILE]: "TOO_MANY_FILES",
  [Errno.ENFILE]: "TOO_MANY_FILES",
};

/** Passes a result on, or throws the error that a negative one stands for. */
export function check(result: number, action: string, call = "bpf"): number {
  if (result < 0) throw failure(result, action, call);
  return result;
}
