import { EbpfError, type EbpfErrorCode, SyscallError } from "../base/errors.ts";
import { lockedDownBy } from "../host/locked-down.ts";
import { notPermitted } from "../host/refusal.ts";
import { Errno, errnoName } from "../uapi/errno.ts";

const codes: Readonly<Record<number, EbpfErrorCode>> = {
  [Errno.ENOENT]: "NOT_FOUND",
  [Errno.ENOTDIR]: "NOT_FOUND",
  [Errno.EACCES]: "NO_PRIVILEGE",
  [Errno.EPERM]: "NO_PRIVILEGE",
  [Errno.ENOSPC]: "NO_SPACE",
  [Errno.EEXIST]: "BUSY",
  [Errno.EMFILE]: "TOO_MANY_FILES",
  [Errno.ENFILE]: "TOO_MANY_FILES",
};

const meanings: Readonly<Record<number, string>> = {
  [Errno.ENOENT]: "there is no such file",
  [Errno.EACCES]: "access is denied",
  [Errno.EPERM]: "it is not permitted",
  [Errno.ENOSPC]: "there is no room left in its file system",
  [Errno.ENOMEM]: "there is not enough memory",
  [Errno.EMFILE]: "this process has too many open files",
  [Errno.ENFILE]: "the system has too many open files",
  [Errno.EISDIR]: "it is a directory",
  [Errno.EEXIST]: "the file exists already, open it or remove it",
};

/** `errno` of either sign; `action` follows "Cannot". */
export function fileError(errno: number, action: string, call: string): SyscallError {
  const number = Math.abs(errno);
  const name = errnoName(number);
  const denied = number === Errno.EPERM || number === Errno.EACCES;
  const meaning = (denied ? lockedDownBy("files") : undefined) ?? meanings[number] ?? "the system refused";
  return new SyscallError(call, number, name, `Cannot ${action}: ${meaning} (${name})`, codes[number] ?? "SYSCALL");
}

/** The result of a system call, unless it is a negative errno. */
export function checkCall(result: number, action: string, call: string): number {
  if (result < 0) throw fileError(result, action, call);
  return result;
}

/** What the runtime throws for files, as an error of this library. */
export function fromFs<T>(action: string, call: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EbpfError || !(error instanceof Error)) throw error;
    const denied = notPermitted(error, action);
    if (denied !== undefined) throw denied;
    const { errno } = error as { readonly errno?: number };
    if (errno === undefined) throw error; // misuse of an argument
    throw fileError(errno, action, call);
  }
}
