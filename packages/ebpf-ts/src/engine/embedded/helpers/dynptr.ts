import { Errno } from "../../../uapi/errno.ts";
import { maxDynptrSize, type Dynptr } from "../machine/dynptr.ts";
import type { Run } from "../machine/run.ts";
import { u32, type HelperGroup } from "./helper.ts";

/** Pages are looked at one by one. */
const pageSize = 4096;
/** sizeof(struct bpf_dynptr). */
const structSize = 16;

/** Registers the dynptr whose struct is at that address of the stack. */
export function placeDynptr(run: Run, at: bigint, dynptr: Dynptr): void {
  const inStack = at >= BigInt(run.cpu.stack.start) && at < BigInt(run.cpu.stack.end);
  if (!inStack || at % 8n !== 0n) run.fault("placed a dynptr elsewhere than in an aligned variable of the stack");
  run.writable(at, structSize).fill(0);
  for (let offset = -8n; offset <= 8n; offset += 8n) {
    if (run.dynptrs.get(at + offset)?.kind === "ring")
      run.fault("overwrote a dynptr of a ring record that was neither submitted nor discarded");
    run.dynptrs.delete(at + offset);
  }
  run.dynptrs.set(at, dynptr);
}

function dynptrAt(run: Run, at: bigint): Dynptr {
  return run.dynptrs.get(at) ?? run.fault("gave a helper something that is no initialised dynptr where one belongs");
}

export function ringDynptr(run: Run, at: bigint): Dynptr {
  const dynptr = dynptrAt(run, at);
  return dynptr.kind === "ring" ? dynptr : run.fault("submitted or discarded a dynptr that is no ring record");
}

function fits(dynptr: Dynptr, offset: bigint, length: bigint): boolean {
  const size = BigInt(dynptr.size);
  return length <= size && offset <= size - length;
}

export const dynptrHelpers: HelperGroup = {
  dynptr_from_mem(run, data, size, flags, at) {
    const bytes = u32(size);
    const address = Number(data);
    run.work(Math.floor(bytes / pageSize));
    if (!run.memory.isWritable(address, bytes) || !run.mayAccess(address, bytes, true)) {
      return run.fault("gave bpf_dynptr_from_mem something that is no writable map value");
    }
    const error = bytes > maxDynptrSize ? Errno.E2BIG : flags !== 0n ? Errno.EINVAL : 0;
    placeDynptr(run, at, {
      kind: "local",
      address: error === 0 ? address : 0,
      size: error === 0 ? bytes : 0,
      ring: undefined,
    });
    return BigInt(-error);
  },

  dynptr_read(run, to, length, at, offset, flags) {
    const dynptr = dynptrAt(run, at);
    const target = run.writable(to, Number(length));
    if (dynptr.address === 0 || flags !== 0n) return BigInt(-Errno.EINVAL);
    if (!fits(dynptr, offset, length)) return BigInt(-Errno.E2BIG);
    const start = dynptr.address + Number(offset);
    target.set(run.memory.bytes.subarray(start, start + target.length));
    return 0n;
  },

  dynptr_write(run, at, offset, from, length, flags) {
    const dynptr = dynptrAt(run, at);
    const source = run.readable(from, Number(length));
    if (dynptr.address === 0) return BigInt(-Errno.EINVAL);
    if (!fits(dynptr, offset, length)) return BigInt(-Errno.E2BIG);
    if (flags !== 0n) return BigInt(-Errno.EINVAL);
    run.memory.bytes.set(source, dynptr.address + Number(offset));
    return 0n;
  },

  dynptr_data(run, at, offset, length) {
    const dynptr = dynptrAt(run, at);
    return dynptr.address === 0 || !fits(dynptr, offset, length) ? 0n : BigInt(dynptr.address) + offset;
  },
};
