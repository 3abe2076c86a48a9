import { aPath, integer, oneOf } from "../base/checks.ts";
import { adminFailure, failure } from "../engine/kernel/failure.ts";
import { pinObject } from "../engine/kernel/pin.ts";
import { refuseIfLockedDown } from "../host/locked-down.ts";
import { Descriptor } from "../sys/ffi/descriptor.ts";
import { KernelStruct } from "../sys/ffi/kernel-struct.ts";
import { linuxSys } from "../sys/ffi/linux.ts";
import { Errno } from "../uapi/errno.ts";
import { BpfAttr } from "../uapi/structs.gen.ts";
import { Command } from "../uapi/uapi.gen.ts";
import { needOne } from "./listing/family.ts";
import type { PinnedKind } from "./listing/pins.ts";

/** Gives what is in the kernel a name in a bpf file system, which keeps it alive (BPF_OBJ_PIN). Throws NOT_FOUND where there is no such id. */
export function pinById(kind: PinnedKind, id: number, path: string): void {
  oneOf("program", "map", "link")(kind, "The kind of pinById()");
  integer(0, 0xffff_ffff)(id, "The id of pinById()");
  aPath(path, "The path of pinById()");
  const sys = linuxSys();
  const what = `${kind} ${id}`;
  needOne(sys, kind, id, `pin ${what}`, (descriptor) => pinObject(sys, descriptor, path, what));
}

/**
 * Detaches a program whoever holds its link (BPF_LINK_DETACH, Linux 5.9): the link stays, and keeps nothing attached any more. The kernel does
 * that with links of cgroups, XDP, TC, netkit, network namespaces and struct_ops; NOT_SUPPORTED with the others, which end with their holders and pins.
 */
export function detachLink(id: number): void {
  integer(0, 0xffff_ffff)(id, "The id of detachLink()");
  const sys = linuxSys();
  needOne(sys, "link", id, `detach link ${id}`, (descriptor) => {
    const result = sys.bpf(Command.LINK_DETACH, new KernelStruct(BpfAttr.link_detach, { link_fd: descriptor.fd }));
    if (result >= 0) return;
    const fixed = result === -Errno.EOPNOTSUPP;
    const why = fixed
      ? "the kernel detaches no link of its type: it ends when nobody holds it and no pin keeps it"
      : undefined;
    throw failure(result, `detach link ${id}`, "bpf", why);
  });
}

/** As long as it is open, the kernel counts how often, and how long, programs run. */
export interface RunCounting extends Disposable {
  /** Idempotent. */
  close(): void;
}

/** BPF_STATS_RUN_TIME of BPF_ENABLE_STATS. */
const runTime = 0;

/**
 * Has the kernel count the runs of all programs, and the time they take (BPF_ENABLE_STATS, Linux 5.8), until that is closed: each run takes
 * some 20 ns longer meanwhile. What was counted stays. NO_PRIVILEGE without CAP_SYS_ADMIN.
 */
export function countRuns(): RunCounting {
  refuseIfLockedDown("count runs of programs", "bpf");
  const sys = linuxSys();
  const attributes = new KernelStruct(BpfAttr.enable_stats, { type: runTime });
  const fd = sys.bpf(Command.ENABLE_STATS, attributes);
  if (fd < 0) throw adminFailure(fd, "count runs of programs");
  const counting = new Descriptor(fd, "the count of runs");
  return { close: () => counting.close(), [Symbol.dispose]: () => counting.close() };
}
