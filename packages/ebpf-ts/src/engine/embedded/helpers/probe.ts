import { Errno } from "../../../uapi/errno.ts";
import type { HelperFunction } from "../machine/helper.ts";
import type { Run } from "../machine/run.ts";
import { u32, type HelperGroup } from "./helper.ts";
import { readUserPart, readUserString, userChunk } from "./user-memory.ts";

const EFAULT = BigInt(-Errno.EFAULT);

/** The kernel tells addresses that cannot be its own (-ERANGE) from those where nothing is mapped. */
function kernelError(address: bigint): bigint {
  return isKernelAddress(address) ? EFAULT : BigInt(-Errno.ERANGE);
}

function isKernelAddress(address: bigint): boolean {
  return address >= 0xffff_8000_0000_0000n;
}

function userError(): bigint {
  return EFAULT;
}

/** Copies the machine's own memory, that which stands for the kernel's: all of it may be read this way. */
function readKernel(run: Run, address: bigint, into: Uint8Array): boolean {
  const start = Number(address);
  if (!run.memory.isMapped(start, into.length)) return false;
  into.set(run.memory.bytes.subarray(start, start + into.length));
  return true;
}

/** The string's bytes without its NUL, at most `most`; undefined when it leaves the memory first. */
export function readKernelString(run: Run, address: bigint, most: number): Uint8Array | undefined {
  const start = Number(address);
  if (!run.memory.isMapped(start, 1)) return undefined;
  const length = run.memory.pages.lengthAt(start, most);
  const end = run.memory.bytes.subarray(start, start + length).indexOf(0);
  if (end >= 0) return run.memory.bytes.slice(start, start + end);
  return length === most ? run.memory.bytes.slice(start, start + length) : undefined;
}

/** The task's reader fills memory of its own: not every host reads into shared memory. */
function readUser(run: Run, address: bigint, into: Uint8Array): boolean {
  const bytes = new Uint8Array(Math.min(into.length, userChunk));
  for (let done = 0; done < into.length; done += userChunk) {
    const part = bytes.subarray(0, into.length - done);
    if (!readUserPart(run, BigInt.asUintN(64, address + BigInt(done)), part)) return false;
    into.set(part, done);
  }
  return true;
}

/** Reading nothing goes well wherever the kernel could be, mapped or not, and nowhere else. */
const probeReadKernel: HelperFunction = (run, to, size, address, ...rest) => {
  if (u32(size) > 0 || isKernelAddress(address) || run.memory.isMapped(Number(address), 1)) {
    return readAnyKernel(run, to, size, address, ...rest);
  }
  run.writable(to, 0);
  return kernelError(address);
};

type Reader = (run: Run, address: bigint, into: Uint8Array) => boolean;
type StringReader = (run: Run, address: bigint, most: number) => Uint8Array | undefined;

/** 0, or a negative errno with the target zeroed. */
function reading(read: Reader, errorOf: (address: bigint) => bigint): HelperFunction {
  return (run, to, size, address) => {
    const target = run.writable(to, u32(size));
    if (target.length === 0 || read(run, address, target)) return 0n;
    target.fill(0);
    return errorOf(address);
  };
}

/** The length with the NUL, which is always there; a negative errno with the target zeroed. */
function readingString(read: StringReader, errorOf: (address: bigint) => bigint): HelperFunction {
  return (run, to, size, address) => {
    const target = run.writable(to, u32(size));
    if (target.length === 0) return 0n;
    const text = read(run, address, target.length);
    if (text === undefined) {
      target.fill(0);
      return errorOf(address);
    }
    const length = Math.min(text.length, target.length - 1);
    target.set(text.subarray(0, length));
    target[length] = 0;
    return BigInt(length + 1);
  };
}

const userString: StringReader = (run, address, most) => readUserString(run, address, most);

/** bpf_probe_read does not say whose memory it means: the machine's own where there is any, else the task's. */
const either: Reader = (run, address, into) => readKernel(run, address, into) || readUser(run, address, into);
const eitherString: StringReader = (run, address, most) =>
  readKernelString(run, address, most) ?? userString(run, address, most);

const readAnyKernel = reading(readKernel, kernelError);

export const probeHelpers: HelperGroup = {
  probe_read: reading(either, userError),
  probe_read_str: readingString(eitherString, userError),
  probe_read_user: reading(readUser, userError),
  probe_read_user_str: readingString(userString, userError),
  probe_read_kernel: probeReadKernel,
  probe_read_kernel_str: readingString(readKernelString, kernelError),
};
