import { Errno } from "../../../uapi/errno.ts";
import type { MachineRing } from "../machine/machine-map.ts";
import { maxDynptrSize } from "../machine/dynptr.ts";
import { dynptrHandle } from "../machine/map-handle.ts";
import type { Run } from "../machine/run.ts";
import { placeDynptr, ringDynptr } from "./dynptr.ts";
import { u32, type HelperGroup } from "./helper.ts";

function ringOf(run: Run, handle: bigint): MachineRing {
  const map = run.map(handle);
  return map.ring ?? run.fault(`gave a ring buffer helper the map ${map.image.name}, which is no ring buffer`);
}

/** The address of a new record that this run holds; 0 when there is none. */
function reserve(run: Run, ring: MachineRing, size: bigint, flags: bigint, asDynptr: boolean): number {
  run.checkReservations();
  const address = ring.reserve(Number(size), flags);
  if (address === 0) return 0;
  const slice = { start: address, end: address + Number(size), writable: true };
  run.lend(slice);
  run.reservations.set(address, { ring, slice, asDynptr });
  return address;
}

/** What the program holds of it, a pointer or a dynptr, ends with it. */
function finish(run: Run, address: number, flags: bigint, end: "submit" | "discard", asDynptr = false): bigint {
  const held = run.reservations.get(address);
  if (held?.asDynptr === true && !asDynptr)
    return run.fault(`gave bpf_ringbuf_${end} a record of a dynptr, which bpf_ringbuf_${end}_dynptr takes`);
  if (held === undefined) return run.fault(`gave bpf_ringbuf_${end} something that is no reserved record`);
  run.reservations.delete(address);
  run.takeBack(held.slice);
  held.ring[end](address, flags);
  return 0n;
}

function finishDynptr(run: Run, at: bigint, flags: bigint, end: "submit" | "discard"): bigint {
  const dynptr = ringDynptr(run, at);
  run.dynptrs.delete(at);
  return dynptr.address === 0 ? 0n : finish(run, dynptr.address, flags, end, true);
}

export const ringHelpers: HelperGroup = {
  ringbuf_output: (run, ring, data, size, flags) =>
    BigInt(ringOf(run, ring).output(run.readable(data, Number(size)), flags)),
  ringbuf_reserve: (run, ring, size, flags) => BigInt(reserve(run, ringOf(run, ring), size, flags, false)),
  ringbuf_submit: (run, record, flags) => finish(run, Number(record), flags, "submit"),
  ringbuf_discard: (run, record, flags) => finish(run, Number(record), flags, "discard"),
  ringbuf_query: (run, ring, flags) => ringOf(run, ring).query(flags),

  /** Also when it fails there is a dynptr, a null one, that must be submitted or discarded. */
  ringbuf_reserve_dynptr(run, handle, size, flags, at) {
    const ring = ringOf(run, handle);
    const bytes = u32(size);
    const error = flags !== 0n ? Errno.EINVAL : bytes > maxDynptrSize ? Errno.E2BIG : 0;
    placeDynptr(run, at, { kind: "ring", address: 0, size: 0, ring });
    if (error !== 0) return BigInt(-error);
    const address = reserve(run, ring, BigInt(bytes), 0n, true);
    if (address === 0) return BigInt(-Errno.EINVAL);
    run.dynptrs.set(at, { kind: "ring", address, size: bytes, ring });
    return 0n;
  },
  ringbuf_submit_dynptr: (run, at, flags) => finishDynptr(run, at, flags, "submit"),
  ringbuf_discard_dynptr: (run, at, flags) => finishDynptr(run, at, flags, "discard"),

  user_ringbuf_drain(run, handle, callback, context, flags) {
    const map = run.map(handle);
    if (map.userRing === undefined)
      return run.fault(`gave bpf_user_ringbuf_drain the map ${map.image.name}, which is no user ring buffer`);
    const onSample = (address: number, size: number): number => deliver(run, address, size, callback, context);
    return BigInt(map.userRing.drain(onSample, flags, (samples) => run.work(samples)));
  },
};

/** Lends a sample to the callback; its dynptr and its memory are gone afterwards. */
function deliver(run: Run, address: number, size: number, callback: bigint, context: bigint): number {
  const handle = dynptrHandle(run.depth);
  const slice = { start: address, end: address + size, writable: true };
  run.lend(slice);
  run.dynptrs.set(handle, { kind: "sample", address, size, ring: undefined });
  const result = run.callback(callback, handle, context);
  run.dynptrs.delete(handle);
  run.takeBack(slice);
  if (result !== 0n && result !== 1n)
    return run.fault(`had a drain callback that returned ${result}: only 0 (go on) and 1 (stop) are allowed`);
  return Number(result);
}
