import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import { haveKernel } from "../../src/engine/kernel/kernel-engine.ts";
import { makeGroup, removeGroup } from "../../src/engine/kernel/scope/own-cgroup.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";

export const chromiumPath = "/usr/bin/chromium";

/** `false`, or the reason for which a test is skipped: what the `skip` option of node:test takes. */
export type SkipReason = string | false;

/** With EBPF_TS_NO_SKIP=1 a missing requirement fails the run; only a host without bpf(2) at all is told and let be. */
export function orFail(reason: SkipReason): SkipReason {
  if (reason !== false && process.env["EBPF_TS_NO_SKIP"] === "1")
    throw new Error(`EBPF_TS_NO_SKIP is set, and a test cannot run: ${reason}`);
  return reason;
}

let told = false;

/** For tests that load programs into the running kernel. */
export function kernelOrSkip(): SkipReason {
  const absent = noBpf();
  if (absent !== undefined) {
    if (!told) console.error(`# this host has no bpf(2): ${absent}; the tests of the kernel engine are skipped`);
    told = true;
    return absent;
  }
  const { usable, reason } = haveKernel();
  return orFail(usable ? false : (reason ?? "the kernel engine cannot be used"));
}

/** Whether the running kernel is Linux `5.14`, say, or later. */
export function isLinuxAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = release().split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** For tests of what kernels before that version do not have. */
export function linuxOrSkip(version: string): SkipReason {
  return orFail(isLinuxAtLeast(version) ? false : `this takes Linux ${version}, and here is ${release()}`);
}

/** For tests that attach to tracepoints by tracefs: it is mounted, or this process may mount it (see tracefs.ts). */
export function tracefsOrSkip(): SkipReason {
  const kernel = kernelOrSkip();
  if (kernel !== false) return kernel;
  return orFail(existsSync("/sys/kernel/tracing") ? false : "this kernel has no /sys/kernel/tracing");
}

function noBpf(): string | undefined {
  try {
    const lookUp = 1;
    const badDescriptor = new KernelStruct(BpfAttr.elem, { map_fd: 0xffff_ffff });
    return linuxSys().bpf(lookUp, badDescriptor) === -Errno.ENOSYS ? "the system call does not exist" : undefined;
  } catch (error) {
    if (error instanceof NotSupportedError) return error.message;
    throw error;
  }
}

/** For tests that compare with libbpf, through bpftool. */
export function bpftoolOrSkip(): SkipReason {
  try {
    execFileSync("bpftool", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return orFail("there is no bpftool on this host");
  }
}

/** For tests in a browser: Debian's package is all that is tried. */
export function chromiumOrSkip(): SkipReason {
  return existsSync(chromiumPath) ? false : orFail(`there is no ${chromiumPath} on this host`);
}

/** For tests that compile: with these compilers of Debian's, such as `clang-14`. */
export function compilersOrSkip(...names: readonly string[]): SkipReason {
  const missing = names.filter((name) => !existsSync(`/usr/bin/${name}`));
  return orFail(missing.length === 0 ? false : `${missing.join(" and ")} is not installed`);
}

/** For tests that keep to a command's events on the kernel engine: cgroups of version 2, in which this process may make some. */
export function cgroupsOrSkip(): SkipReason {
  try {
    const error = removeGroup(makeGroup());
    return error === undefined ? false : orFail(`a cgroup cannot be removed: ${error}`);
  } catch (error) {
    if (error instanceof EbpfError) return orFail(error.message);
    throw error;
  }
}
