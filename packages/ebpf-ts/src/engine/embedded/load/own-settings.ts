import type { KconfigSetting } from "../../../spec/kconfig-value.ts";
import { HelperId } from "../../../uapi/uapi.gen.ts";
import { helpers } from "../helpers/index.ts";
import { jiffiesPerSecond } from "../helpers/time.ts";
import type { Architecture } from "./own-btf.ts";

/** KERNEL_VERSION(6, 18, 0), whose interface the engine has. */
const kernelVersion = 0x06_12_00n;

/** The settings of a kernel (`__kconfig`) that the embedded engine states: what of Linux it is, and has. All others it does not have. */
export function ownSettings(architecture: Architecture, cpus: number): ReadonlyMap<string, KconfigSetting> {
  return new Map<string, KconfigSetting>([
    ["LINUX_KERNEL_VERSION", kernelVersion],
    ["LINUX_HAS_BPF_COOKIE", helpers[HelperId.get_attach_cookie] === undefined ? 0n : 1n],
    // Since Linux 4.17 and 4.19, on the architectures that the engine has.
    ["LINUX_HAS_SYSCALL_WRAPPER", 1n],
    ["CONFIG_ARCH_HAS_SYSCALL_WRAPPER", "y"],
    ["CONFIG_64BIT", "y"],
    ...architectureSettings[architecture],
    ["CONFIG_BPF", "y"],
    ["CONFIG_BPF_SYSCALL", "y"],
    ["CONFIG_BPF_EVENTS", "y"],
    ["CONFIG_DEBUG_INFO_BTF", "y"],
    ["CONFIG_FTRACE_SYSCALLS", "y"],
    ["CONFIG_TRACEPOINTS", "y"],
    ["CONFIG_HZ", jiffiesPerSecond],
    [`CONFIG_HZ_${jiffiesPerSecond}`, "y"],
    ["CONFIG_NR_CPUS", BigInt(cpus)],
  ]);
}

const architectureSettings: Readonly<Record<Architecture, readonly (readonly [string, KconfigSetting])[]>> = {
  x64: [
    ["CONFIG_X86", "y"],
    ["CONFIG_X86_64", "y"],
  ],
  arm64: [["CONFIG_ARM64", "y"]],
};
