import { type EbpfError, SyscallError } from "../../../base/errors.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import { failure } from "../failure.ts";

const inTheWay: Readonly<Record<number, string>> = {
  [Errno.EEXIST]: "operations with that name are registered already",
  [Errno.EBUSY]: "they were attached before, and the kernel takes them once: load the object anew",
};

const meanings: Readonly<Record<number, string>> = {
  [Errno.EINVAL]:
    "the kernel does not take them: a function that it needs is missing, or a member has a value that it does not know",
  [Errno.EOPNOTSUPP]: "the kernel registers no such operations",
  [Errno.ENOTSUPP]: "this kernel registers no such operations",
};

/** What the kernel says to operations as a whole, once all their programs are loaded. BUSY where others are in the way. */
export function opsFailure(result: number, action: string): EbpfError {
  const number = Math.abs(result);
  const why = inTheWay[number];
  if (why === undefined) return failure(result, action, "bpf", meanings[number]);
  const name = errnoName(number);
  return new SyscallError("bpf", number, name, `Cannot ${action}: ${why} (${name})`, "BUSY");
}
