import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportError, UsageError } from "../output/report-error.ts";
import { type Accelerator, chooseAccelerator } from "./accelerator.ts";
import { writeCpio } from "./cpio.ts";
import { collectFiles } from "./collect-files.ts";
import { exitCodeOf, onEndingSignal } from "./ending-signals.ts";
import { commandScript, own } from "./guest-scripts.ts";
import type { GuestFiles } from "./guest-files.ts";
import { findKernel } from "./kernel-image.ts";
import { Qemu, type QemuOptions } from "./qemu.ts";
import { GuestExit, Session, type SessionEnd } from "./session.ts";

export interface VmArguments {
  readonly command: readonly [string, ...string[]];
  readonly kernel: string;
  /** MB. */
  readonly memory?: number;
  readonly cpus: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly module: readonly string[];
  readonly withModule: readonly string[];
  readonly add: readonly string[];
  readonly append: readonly string[];
  readonly console?: boolean;
}

const MB = 2 ** 20;

/** `ebpf vm`: ends with the exit code of the command, or one of `GuestExit`. */
export async function runInVm(options: VmArguments): Promise<void> {
  try {
    const { code, fault } = await runGuest(options);
    if (fault !== undefined) reportError(new Error(fault));
    process.exitCode = code;
  } catch (error) {
    const code = reportError(error);
    process.exitCode = error instanceof UsageError ? code : GuestExit.failure;
  }
}

async function runGuest(options: VmArguments): Promise<SessionEnd> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(
      `Cannot start a guest on ${process.platform} ${process.arch}: it has the host's programs, and is for Linux on x86-64`,
    );
  const kernel = findKernel(options.kernel);
  const files = collectFiles(options, kernel);
  files.addText(own.command, commandScript(options.command, process.cwd(), guestEnvironment()), 0o600);
  const memory = options.memory ?? leastMemory(files) + 512;
  if (memory < leastMemory(files))
    throw new UsageError(`The files of the guest take ${leastMemory(files)} MB of memory: give it more with --memory`);
  const folder = await mkdtemp(join(tmpdir(), "ebpf-vm-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const machine = { ...options, kernel: kernel.path, initramfs: join(folder, "initramfs"), memory };
    const accelerator = await prepare(machine, files);
    const start = performance.now();
    const boot = (): Promise<SessionEnd> => {
      const session = { timeout: options.timeout, start, console: options.console === true };
      return new Session(new Qemu({ ...machine, accelerator }), session).run();
    };
    const end = await boot();
    // An emulator's fault more often than the kernel's; nothing of the command has run.
    return end.isCrashAtBoot === true && accelerator === "tcg" ? await boot() : end;
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** A signal until then ends this process by its exit, which leaves nothing behind. */
async function prepare(options: Omit<QemuOptions, "accelerator">, files: GuestFiles): Promise<Accelerator> {
  const stopSignals = onEndingSignal((signal) => process.exit(exitCodeOf(signal)));
  try {
    tellLeftOut([...files.unreadable, ...(await writeCpio(options.initramfs, files.entries))]);
    return await chooseAccelerator(options.kernel);
  } finally {
    stopSignals();
  }
}

/** MB: the kernel unpacks them into a tmpfs, which may take half of all memory, and has the archive beside it until then. */
function leastMemory(files: GuestFiles): number {
  return Math.ceil((files.size / MB) * 2.2) + 192;
}

/** They name places that the guest does not have. */
const placesOfHost = new Set([
  "TMPDIR",
  "XDG_RUNTIME_DIR",
  "OLDPWD",
  "NODE_EXTRA_CA_CERTS",
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
]);

function guestEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !placesOfHost.has(name)) as [string, string][];
  return { ...Object.fromEntries(kept), PATH: `${process.env["PATH"] ?? "/usr/bin:/bin"}:${own.bin}` };
}

function tellLeftOut(paths: readonly string[]): void {
  if (paths.length === 0) return;
  const others = paths.length === 1 ? "" : ` and ${paths.length - 1} more`;
  reportError(new Error(`The guest does not have what this user cannot read: ${paths[0]}${others}`));
}
