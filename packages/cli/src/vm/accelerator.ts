import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { findEmulator } from "./emulator.ts";

/** What runs the processors of a guest: those of this host, or QEMU, which emulates them. */
export type Accelerator = "kvm" | "tcg";

/** MB. */
const memory = 256;
/** Milliseconds until neither is waited for any more: a kernel may never panic. */
const patience = 60_000;

/**
 * On a host that is a guest itself, /dev/kvm may be there and run no kernel: it fails by nothing ever happening. So one runs on either, without any
 * files, which it panics of at once; what is first to come to that is taken, until this host starts anew.
 */
export async function chooseAccelerator(kernel: string): Promise<Accelerator> {
  if (!hasKvm()) return "tcg";
  const known = remembered();
  if (known !== undefined) return known;
  const first = await race(kernel);
  if (first !== undefined) remember(first);
  return first ?? "tcg";
}

/** Undefined when neither comes to an end. */
async function race(kernel: string): Promise<Accelerator | undefined> {
  const emulator = findEmulator();
  const children: ChildProcess[] = [];
  const kill = (): void => children.forEach((child) => child.kill("SIGKILL"));
  process.once("exit", kill);
  const runs = (["kvm", "tcg"] as const).map(async (accelerator) => {
    const child = spawn(emulator, probeArguments(kernel, accelerator), { stdio: ["ignore", "pipe", "ignore"] });
    children.push(child);
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said = (said + String(text)).slice(-64 * 1024)));
    await once(child, "close");
    // A machine whose processor gives up ends as well, without a word.
    if (!said.includes("Kernel panic")) throw new Error(`No kernel ran by ${accelerator}`);
    return accelerator;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patience, undefined);
  });
  try {
    return await Promise.race([Promise.any(runs).catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
    process.off("exit", kill);
    kill();
  }
}

/** A kernel that panics says so, and starts anew at once; the machine ends instead. */
function probeArguments(kernel: string, accelerator: Accelerator): string[] {
  const machine = `-nodefaults -no-user-config -no-reboot -display none -machine pc,accel=${accelerator} -cpu max`;
  return [
    ...`${machine} -m ${memory} -smp 1`.split(" "),
    "-kernel",
    kernel,
    "-append",
    "console=ttyS0 quiet panic=-1 no_timer_check root=/dev/none",
    "-serial",
    "stdio",
  ];
}

/** A line: the host's boot, and what was found in it. */
const file = (): string => join(cacheFolder(), "accelerator");

const boot = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

function remembered(): Accelerator | undefined {
  try {
    const [when, found] = readFileSync(file(), "utf8").trim().split(" ");
    return when === boot() && (found === "kvm" || found === "tcg") ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Where nothing can be written, it is found out each time. */
function remember(found: Accelerator): void {
  try {
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), `${boot()} ${found}\n`);
  } catch {
    // A home of nobody's.
  }
}

/** Whether there is a choice. */
export function hasKvm(): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
