import { type EbpfError, type EbpfErrorCode, NotSupportedError } from "../../base/errors.ts";
import type { Btf } from "../../btf/types.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { capabilitiesForObject } from "../../kinds/needed-capabilities.ts";
import type { CollectionSpec } from "../../spec/types.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command, ProgType } from "../../uapi/uapi.gen.ts";
import type { Engine, EngineCollection, EngineOptions } from "../engine.ts";
import { failure, isShortage } from "./failure.ts";
import { importCommands, KernelCollection } from "./kernel-collection.ts";
import { DEFAULT_PIN_ROOT } from "./pin.ts";
import { missingOf } from "./privilege.ts";
import { openToken } from "./token/open-token.ts";

export interface KernelEngineOptions {
  /** Folder in a bpf file system for maps that the object wants pinned by name. */
  readonly pinRoot?: string | undefined;
  /** Folder of a bpf file system that delegates to this process's user namespace; empty for none: {@link openToken}. */
  readonly token?: string | undefined;
  /** Types for CO-RE, in the place of the kernel's own. */
  readonly btf?: Btf | undefined;
  /** The system to use; the running one by default. */
  readonly sys?: Sys | undefined;
}

/** The engine that is the Linux kernel: bpf(2), perf_event_open(2), mmap(2), epoll(7). */
export function kernelEngine(options: KernelEngineOptions = {}): Engine {
  return {
    name: "kernel",
    hold: async (file, args, options) => {
      refuseIfLockedDown(`start ${file}`, "processes");
      return (await importCommands()).HeldChild.hold(file, args, options);
    },
    load(spec: CollectionSpec, engineOptions: EngineOptions): Promise<EngineCollection> {
      const { sys = linuxSys(), pinRoot = DEFAULT_PIN_ROOT, token, btf } = options;
      return KernelCollection.load(sys, spec, pinRoot, { ...engineOptions, token, btf });
    },
  };
}

export interface KernelState {
  readonly usable: boolean;
  /** Why not: one sentence, which names no other engine, and the code of the error that an attempt gives. */
  readonly reason?: string;
  readonly code?: EbpfErrorCode;
}

/** What is to be loaded, which may take less than all, or be delegated. */
export interface PlannedLoad {
  readonly spec: CollectionSpec;
  readonly token: string | undefined;
}

/** Whether this process may use the kernel engine, by loading (not attaching) the smallest tracing program. */
export function haveKernel(sys: Sys = linuxSys(), planned?: PlannedLoad): KernelState {
  try {
    const fd = tryToLoad(sys, ProgType.TRACEPOINT);
    // Says nothing of the next time: nobody is to get another engine for it.
    if (isShortage(fd)) throw failure(fd, "use the kernel", "bpf");
    if (fd === -Errno.EPERM && planned !== undefined && mayLoad(sys, planned)) return { usable: true };
    return fd < 0 ? unusable(failure(fd, "use the kernel", "bpf")) : { usable: true };
  } catch (error) {
    if (error instanceof NotSupportedError) return unusable(error);
    throw error;
  }
}

/** By a token, or with CAP_BPF alone where no program is for tracing. A token that was told and cannot be had is for load() to tell. */
function mayLoad(sys: Sys, { spec, token: path }: PlannedLoad): boolean {
  if (path !== undefined && path !== "") return true;
  const token = openToken(sys, path);
  token?.close();
  if (token !== undefined) return true;
  const needs = capabilitiesForObject(spec);
  if (needs.includes("CAP_PERFMON") || missingOf(needs).length > 0) return false;
  return tryToLoad(sys, ProgType.SOCKET_FILTER) >= 0;
}

/** 0, or the negative errno. */
function tryToLoad(sys: Sys, type: number): number {
  const fd = sys.bpf(Command.PROG_LOAD, smallestProgram(type));
  if (fd >= 0) new Descriptor(fd, "the smallest program").close();
  return Math.min(fd, 0);
}

function unusable({ message, code }: EbpfError): KernelState {
  return { usable: false, reason: message, code };
}

/** `r0 = 0; exit`. */
function smallestProgram(type: number): KernelStruct<typeof BpfAttr.prog_load> {
  const code = new Uint8Array([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
  return new KernelStruct(BpfAttr.prog_load, {
    prog_type: type,
    insn_cnt: code.length / 8,
    insns: code,
    license: "GPL",
  });
}
