import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import type { Accelerator } from "./accelerator.ts";
import { findEmulator } from "./emulator.ts";

export interface QemuOptions {
  readonly kernel: string;
  readonly initramfs: string;
  /** MB. */
  readonly memory: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
  /** More words for the kernel. */
  readonly append: readonly string[];
}

/** Descriptors of QEMU, each a socket: one a serial port, in the order of ttyS0 to ttyS3. */
const ports = ["console", "output", "errors", "control"] as const;
const firstPort = 3;

/** An own QEMU, which does not outlive this process: a guest that hears nothing of it powers off. */
export class Qemu {
  readonly #child: ChildProcess;
  /** QEMU's own words, the end of them. */
  #said = "";
  /** Resolves when QEMU has ended, with the reason where it could not run at all. */
  readonly ended: Promise<string | undefined>;

  constructor(options: QemuOptions) {
    // A group of its own: Ctrl-C in a terminal is for the guest's command.
    this.#child = spawn(findEmulator(), qemuArguments(options), {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", ...ports.map(() => "pipe" as const)],
    });
    this.#child.stderr!.on("data", (text: Buffer) => (this.#said = (this.#said + String(text)).slice(-2000)));
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", () => resolve(this.#said.trim() || undefined));
    });
  }

  port(name: (typeof ports)[number]): Duplex {
    return this.#child.stdio[firstPort + ports.indexOf(name)] as Duplex;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/**
 * Processors that are emulated by threads of their own may run code that the kernel is patching, half of it done, and it panics of `int3: 0000 [#1]`
 * (github.com/multipath-tcp/mptcp_net-next/issues/471). By one thread, in turn, a boot takes as long.
 */
const accelerations: Readonly<Record<Accelerator, string>> = { kvm: "kvm", tcg: "tcg,thread=single" };

function qemuArguments({ kernel, initramfs, memory, cpus, accelerator, append }: QemuOptions): string[] {
  // An emulated timer may be late on a busy machine, and the kernel would not go on without it.
  const fixedWords = "console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=on lsm=bpf rdinit=/.vm/init";
  const words = [fixedWords, ...append];
  const fixed = "-nodefaults -no-user-config -no-reboot -display none -machine pc -cpu max";
  const sized = `-m ${memory} -smp ${cpus}`;
  return [
    ...`${fixed} -accel ${accelerations[accelerator]} ${sized}`.split(" "),
    "-kernel",
    kernel,
    "-initrd",
    initramfs,
    "-append",
    words.join(" "),
    ...ports.flatMap((name, at) => [
      "-chardev",
      `socket,id=${name},fd=${firstPort + at}`,
      "-serial",
      `chardev:${name}`,
    ]),
  ];
}
