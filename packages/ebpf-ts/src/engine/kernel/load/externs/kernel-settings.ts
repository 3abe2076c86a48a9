import { EXIT, CALL } from "../../../../insn/opcodes.ts";
import { encodeInstructions } from "../../../../insn/codec.ts";
import { parseKernelConfig } from "../../../../spec/parse-kernel-config.ts";
import type { KconfigSetting } from "../../../../spec/kconfig-value.ts";
import { architecture } from "../../../../host/this-process.ts";
import { readIfThere, readPackedText } from "../../../../host/system-files.ts";
import { refusal, refusalCode } from "../../../../host/refusal.ts";
import { NotSupportedError } from "../../../../base/errors.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../../uapi/structs.gen.ts";
import { Command, HelperId, ProgType } from "../../../../uapi/uapi.gen.ts";
import { failure, isShortage } from "../../failure.ts";
import { findAddresses } from "./kernel-addresses.ts";

/** What the running kernel says of some settings. */
export interface KernelSettings {
  readonly known: ReadonlyMap<string, KconfigSetting>;
  /** Why its configuration is not known, the rest of a sentence; undefined where it is, or where nothing of it was asked for. */
  readonly unread: string | undefined;
}

/**
 * Settings of the running kernel, by name: `CONFIG_…` from its configuration, and those that libbpf has made up: LINUX_KERNEL_VERSION,
 * LINUX_HAS_BPF_COOKIE, LINUX_HAS_SYSCALL_WRAPPER.
 */
export async function kernelSettings(sys: Sys, names: ReadonlySet<string>): Promise<KernelSettings> {
  const known = new Map<string, KconfigSetting>();
  let unread: string | undefined;
  if ([...names].some((name) => name.startsWith("CONFIG_"))) {
    const text = await readConfig();
    if (text === undefined) unread = `neither ${bootConfig()} nor ${packedConfig} can be read`;
    else for (const [name, setting] of parseKernelConfig(text, names)) known.set(name, setting);
  }
  const add = async (name: string, find: () => KconfigSetting | undefined | Promise<KconfigSetting | undefined>) => {
    const setting = names.has(name) ? await find() : undefined;
    if (setting !== undefined) known.set(name, setting);
  };
  await add("LINUX_KERNEL_VERSION", kernelVersion);
  await add("LINUX_HAS_BPF_COOKIE", () => hasCookies(sys));
  await add("LINUX_HAS_SYSCALL_WRAPPER", hasSyscallWrappers);
  return { known, unread };
}

const packedConfig = "/proc/config.gz";

function bootConfig(): string {
  return `/boot/config-${readIfThere("/proc/sys/kernel/osrelease")?.trim() ?? ""}`;
}

async function readConfig(): Promise<string | undefined> {
  for (const path of [bootConfig(), packedConfig]) {
    const text = await readPackedText(path).catch((cause: unknown) => {
      const error = refusal(cause, "read the kernel's configuration", (code) => new NotSupportedError(code, code));
      // Who is out of descriptors for a moment is not to get another configuration.
      if (error.code === "TOO_MANY_FILES") throw error;
      return undefined;
    });
    if (text !== undefined) return text;
  }
  return undefined;
}

/** KERNEL_VERSION(a, b, c). Ubuntu and Debian say elsewhere which Linux theirs is: their releases end with a number of their own. */
function kernelVersion(): bigint | undefined {
  const texts = [
    /^\S+ \S+ (\d+\.\d+\.\d+)/.exec(readIfThere("/proc/version_signature") ?? "")?.[1],
    /Debian (\d+\.\d+\.\d+)/.exec(readIfThere("/proc/sys/kernel/version") ?? "")?.[1],
    /^(\d+\.\d+\.\d+)/.exec(readIfThere("/proc/sys/kernel/osrelease") ?? "")?.[1],
  ];
  const text = texts.find((each) => each !== undefined);
  if (text === undefined) return undefined;
  const [major = 0, minor = 0, patch = 0] = text.split(".").map(Number);
  return BigInt(major * 0x1_0000 + minor * 0x100 + Math.min(patch, 255));
}

/** bpf_get_attach_cookie for perf events (Linux 5.15), by a program that calls it. */
function hasCookies(sys: Sys): bigint {
  const plain = { dst: 0, src: 0, offset: 0, imm: 0 };
  const code = [
    { ...plain, opcode: CALL, imm: HelperId.get_attach_cookie },
    { ...plain, opcode: EXIT },
  ];
  const attributes = new KernelStruct(BpfAttr.prog_load, {
    prog_type: ProgType.TRACEPOINT,
    insn_cnt: code.length,
    insns: encodeInstructions(code),
    license: "GPL",
  });
  const fd = sys.bpf(Command.PROG_LOAD, attributes);
  if (isShortage(fd)) throw failure(fd, "find out whether the kernel has cookies", "bpf");
  if (fd < 0) return 0n;
  new Descriptor(fd, "the probe of cookies").close();
  return 1n;
}

/** Whether system calls get `struct pt_regs` in the place of their arguments (Linux 4.17 on x86-64, 4.19 on arm64): their functions have other names then. */
async function hasSyscallWrappers(): Promise<bigint | undefined> {
  const name = `__${architecture === "riscv64" ? "riscv" : architecture}_sys_bpf`;
  try {
    return (await findAddresses(new Set([name]))).has(name) ? 1n : 0n;
  } catch (error) {
    if (refusalCode(error) === "NOT_SUPPORTED") return undefined;
    throw error;
  }
}
