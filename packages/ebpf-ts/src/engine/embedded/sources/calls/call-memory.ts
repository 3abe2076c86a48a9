import type { Task } from "../../machine/contracts.ts";

/** Below what user space has on any architecture, and above the machine's own memory. */
const firstAddress = 0x5000_0000_0000n;
/** A value's memory begins on a boundary of its own, so that reading past one does not meet another. */
const spacing = 1n << 36n;
/** What stands behind a value is zero up to here, as in a page of its own. */
const pageSize = 4096;

/** What the pointers among the values of one call point at. */
export class CallMemory {
  readonly #values: Uint8Array[] = [];

  /** A value as a register holds it. */
  word(value: unknown): bigint {
    switch (typeof value) {
      case "bigint":
        return BigInt.asUintN(64, value);
      case "number":
        return Number.isFinite(value) ? BigInt.asUintN(64, BigInt(Math.trunc(value))) : 0n;
      case "boolean":
        return value ? 1n : 0n;
      case "string":
        return this.#addressOf(new TextEncoder().encode(value));
      default:
        return value instanceof Uint8Array ? this.#addressOf(value) : 0n;
    }
  }

  /** False when some of it is not there. */
  read(address: bigint, into: Uint8Array): boolean {
    if (address < firstAddress) return false;
    const value = this.#values[Number((address - firstAddress) / spacing)];
    const start = Number((address - firstAddress) % spacing);
    if (value === undefined || start + into.length > readable(value)) return false;
    const there = value.subarray(start, start + into.length);
    into.fill(0);
    into.set(there);
    return true;
  }

  #addressOf(value: Uint8Array): bigint {
    this.#values.push(value);
    return firstAddress + BigInt(this.#values.length - 1) * spacing;
  }
}

/** There is a NUL behind it in any case. */
function readable(value: Uint8Array): number {
  return Math.ceil((value.length + 1) / pageSize) * pageSize;
}

/** The task that makes a call: what its pointers point at is read from there, all else from itself. */
export class CallTask implements Task {
  readonly #task: Task;
  readonly #memory: CallMemory;

  constructor(task: Task, memory: CallMemory) {
    this.#task = task;
    this.#memory = memory;
  }

  get pid(): number {
    return this.#task.pid;
  }

  get tgid(): number {
    return this.#task.tgid;
  }

  get uid(): number {
    return this.#task.uid;
  }

  get gid(): number {
    return this.#task.gid;
  }

  get comm(): string {
    return this.#task.comm;
  }

  readUser(address: bigint, into: Uint8Array): boolean {
    return this.#memory.read(address, into) || this.#task.readUser?.(address, into) === true;
  }
}
