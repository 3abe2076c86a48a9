import type { Run } from "../machine/run.ts";

const pageSize = 4096n;
/** What is read at a time. */
export const userChunk: number = 64 * 1024;
/** What a read of another process's memory costs, in instructions: a system call. */
const readCost = 64;

/** Below it, and above it, no process has memory: the page of NULL, and the kernel's half. */
const lowest = 0x1_0000n;
const highest = 1n << 47n;

/** Whether a process could have memory there. */
function isUserAddress(address: bigint): boolean {
  return address >= lowest && address < highest;
}

/**
 * Reads memory of the task, a chunk at most; false when any of it cannot be read. Where the program is to read none, a wrong address
 * is no more than that.
 */
export function readUserPart(run: Run, address: bigint, into: Uint8Array): boolean {
  run.work(readCost);
  const { task } = run;
  if (task.readUser !== undefined) return task.readUser(address, into);
  if (isUserAddress(address))
    run.fault("read memory of the process that runs it, which programs do not: give run() a task that has readUser");
  return false;
}

/**
 * Reads a string of a task's memory, page by page, so that one which ends right before an unmapped page is read.
 * Returns the bytes up to the NUL, exclusive, at most `most` of them; undefined when memory is missing.
 */
export function readUserString(run: Run, address: bigint, most: number): Uint8Array | undefined {
  let bytes = new Uint8Array(Math.min(most, userChunk));
  let length = 0;
  while (length < most) {
    if (length === bytes.length) bytes = grown(bytes, most);
    const at = BigInt.asUintN(64, address + BigInt(length));
    const chunk = bytes.subarray(length, Math.min(bytes.length, length + Number(pageSize - (at % pageSize))));
    if (!readUserPart(run, at, chunk)) return undefined;
    const end = chunk.indexOf(0);
    if (end >= 0) return bytes.subarray(0, length + end);
    length += chunk.length;
  }
  return bytes;
}

function grown(bytes: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
