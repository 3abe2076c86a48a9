import { createInterface } from "node:readline";
import { type EndingSignal, exitCodeOf, onEndingSignal } from "./ending-signals.ts";
import { sign } from "./guest-scripts.ts";
import { hasException, panicIn } from "./panic.ts";
import type { Qemu } from "./qemu.ts";

/** Seconds that a kernel may take until the command starts: emulated, on a busy host. */
const bootPatience = 300;

export interface SessionOptions {
  /** Seconds for all of it, from `start` on. */
  readonly timeout: number | undefined;
  /** Milliseconds, by the clock of performance.now(). */
  readonly start: number;
  /** What the kernel says goes to standard error. */
  readonly console: boolean;
}

/** Exit codes that are no command's, as timeout(1) and Docker have them. */
export const GuestExit = { timeout: 124, failure: 125 } as const;

/** How a guest ended: with the exit code of its command, or without. */
export interface SessionEnd {
  readonly code: number;
  readonly fault?: string;
  /** Its kernel crashed before anything of the guest ran. */
  readonly isCrashAtBoot?: boolean;
}

/** The run of a guest's command, from the start of the kernel to its end. */
export class Session {
  readonly #qemu: Qemu;
  readonly #options: SessionOptions;
  #console = "";
  #end: SessionEnd | undefined;
  #isReady = false;
  #isSignalled = false;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(qemu: Qemu, options: SessionOptions) {
    this.#qemu = qemu;
    this.#options = options;
  }

  async run(): Promise<SessionEnd> {
    const stop = this.#watch();
    this.#listen();
    const output = [this.#show("output", process.stdout), this.#show("errors", process.stderr)];
    const fault = await this.#qemu.ended;
    await Promise.all(output);
    stop();
    if (this.#end !== undefined) return this.#end;
    const isCrashAtBoot = !this.#isReady && hasException(this.#console);
    return { code: GuestExit.failure, fault: this.#whyItEnded(fault), isCrashAtBoot };
  }

  /** For signals, the time, and signs of life; gives the function that ends it. */
  #watch(): () => void {
    const stopSignals = onEndingSignal((signal) => this.#pass(signal));
    const onExit = (): void => this.#qemu.kill();
    process.on("exit", onExit);
    const limit = this.#limit(this.#options.timeout);
    const alive = setInterval(() => this.#tell("alive"), sign.every * 1000);
    this.#expect(bootPatience, `The kernel has not started the command in ${bootPatience} s`);
    return () => {
      clearTimeout(limit);
      clearInterval(alive);
      clearTimeout(this.#watchdog);
      process.off("exit", onExit);
      stopSignals();
    };
  }

  #limit(seconds: number | undefined): NodeJS.Timeout | undefined {
    if (seconds === undefined) return undefined;
    const end = { code: GuestExit.timeout, fault: `The guest was ended after ${seconds} s, as --timeout says` };
    return setTimeout(() => this.#finish(end), seconds * 1000 - (performance.now() - this.#options.start));
  }

  /** The first one that comes counts. */
  #finish(end: SessionEnd): void {
    this.#end ??= end;
    this.#qemu.kill();
  }

  /** Ctrl-C is the command's to answer, once; what ends this process otherwise ends the guest. */
  #pass(signal: EndingSignal): void {
    if (signal === "SIGINT" && this.#isReady && !this.#isSignalled) this.#tell("INT");
    else this.#finish({ code: exitCodeOf(signal) });
    this.#isSignalled = true;
  }

  #tell(word: string): void {
    if (this.#isReady) this.#qemu.port("control").write(`${word}\n`);
  }

  #listen(): void {
    // QEMU may be gone when something is told, or be ended before it has read that: its ports are reset then, and its end is told by itself.
    const gone = (): void => {};
    const control = this.#qemu.port("control").on("error", gone);
    const lines = createInterface({ input: control });
    lines.on("error", gone);
    lines.on("line", (line) => this.#hear(line));
    this.#qemu
      .port("console")
      .on("error", gone)
      .on("data", (text: Buffer) => {
        this.#console = (this.#console + String(text)).slice(-64 * 1024);
        if (this.#options.console) process.stderr.write(text);
      });
  }

  #hear(line: string): void {
    const [word, ...rest] = line.trim().split(" ");
    this.#isReady = true;
    this.#expect(sign.patience, `The guest has given no sign of life for ${sign.patience} s`);
    if (word === "exit") this.#finish({ code: Number(rest[0]) });
    if (word === "fault")
      this.#finish({ code: GuestExit.failure, fault: `Cannot start the command in the guest: ${rest.join(" ")}` });
  }

  #expect(seconds: number, fault: string): void {
    clearTimeout(this.#watchdog);
    const end = { code: GuestExit.failure, fault: `${fault}: --console shows what its kernel says` };
    this.#watchdog = setTimeout(() => this.#finish(end), seconds * 1000);
  }

  /**
   * All of it: what a slow reader has not taken yet, the guest waits with. A reader that has seen enough ends the run, and is no failure
   * (watch-output.ts); what nobody reads is thrown away, so that the port comes to its end.
   */
  #show(port: "output" | "errors", to: NodeJS.WriteStream): Promise<void> {
    const from = this.#qemu.port(port);
    to.once("error", ({ code }: NodeJS.ErrnoException) => {
      from.resume();
      this.#finish({ code: code === "EPIPE" ? 0 : GuestExit.failure });
    });
    return new Promise((resolve) => {
      from.pipe(to, { end: false });
      from.once("close", resolve);
      from.once("error", () => resolve());
    });
  }

  #whyItEnded(fault: string | undefined): string {
    const panic = panicIn(this.#console);
    if (panic !== undefined) return `The guest's kernel panicked: ${panic} (--console shows all that it said)`;
    if (fault !== undefined && !this.#isReady) return `Cannot start a virtual machine: ${fault}`;
    return "The guest ended before its command did: --console shows what its kernel said";
  }
}
