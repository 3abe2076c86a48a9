import type { Task } from "../machine/contracts.ts";

const pageSize = 4096n;

/**
 * Reads a string of a task's memory, page by page, so that one which ends right before an unmapped page is read.
 * Returns the bytes up to the NUL, exclusive, at most `most` of them; undefined when memory is missing.
 */
export function readUserString(task: Task, address: bigint, most: number): Uint8Array | undefined {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const at = BigInt.asUintN(64, address + BigInt(length));
    const chunk = bytes.subarray(length, Math.min(most, length + Number(pageSize - (at % pageSize))));
    if (!task.readUser(at, chunk)) return undefined;
    const end = chunk.indexOf(0);
    if (end >= 0) return bytes.subarray(0, length + end);
    length += chunk.length;
  }
  return bytes;
}
