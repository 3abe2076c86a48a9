import type { ChildProcess } from "node:child_process";
import * as files from "node:fs";
import type { Duplex } from "node:stream";
import { tryDescriptors } from "./descriptors.ts";
import { sendSignal, type SignalName } from "./signals.ts";

export interface ChildOptions {
  readonly input: "inherit" | "ignore" | "pipe";
  /** `stderr`: to where this process has its standard error, as the child has its own. */
  readonly output: "inherit" | "ignore" | "stderr";
  readonly cwd?: string | undefined;
  /** That of this process when left out. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** It gets a pipe as descriptor 3, for {@link Child.waiting} and {@link Child.go}. */
  readonly waits?: boolean | undefined;
}

/** A child process that runs, or has ended since. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | undefined; readonly signal: string | undefined }>;
  readonly isRunning: boolean;
  /** Undefined without `input: "pipe"`. What the child does not read any more is lost. */
  readonly input: { write(text: string): void; end(): void; destroy(): void } | undefined;
  kill(signal: SignalName): void;
  /**
   * Resolves with true once it has written something to its descriptor 3, or with false when it has closed that without. Until then it may
   * still be on its way into its program: a runtime takes it for started when the kernel closes what execve(2) closes, which is before
   * that call has ended.
   */
  readonly waiting: Promise<boolean>;
  /** Writes a line to its descriptor 3, which is closed then, as it is when this process ends. */
  go(): void;
}

/** Node needs 4 for a child with a pipe, 2 for another, and leaves the pipe open when it finds fewer. */
const descriptors = 8;

/** Resolves when it runs. Rejected with what the runtime says, which throws some failures, and tells of others by an event. */
export async function startChild(file: string, args: readonly string[], options: ChildOptions): Promise<Child> {
  // With it come sockets and terminals: some 4 ms of a start that nobody needs who starts no child.
  const { spawn } = await import("node:child_process");
  tryDescriptors(files, descriptors);
  const child = spawn(file, args, {
    stdio: [options.input, ...outputs[options.output], ...(options.waits === true ? (["pipe"] as const) : [])],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  });
  let isRunning = true;
  const ended: Child["ended"] = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      isRunning = false;
      resolve({ code: code ?? undefined, signal: signal ?? undefined });
    });
  });
  const line = child.stdio[3] as Duplex | undefined;
  // Before anything is waited for: it may say so at once, or end.
  const waiting = saysSomething(line);
  await started(child);
  // A child that ends before it has read all its input is no failure of ours.
  child.stdin?.on("error", () => {});
  return {
    pid: child.pid ?? 0,
    ended,
    get isRunning(): boolean {
      return isRunning;
    },
    input: child.stdin ?? undefined,
    kill: (signal) => {
      // Deno takes a child for ended that was sent a signal, which may have done nothing to it, and sends it no other.
      if (!child.kill(signal) && isRunning && child.pid !== undefined) sendSignal(child.pid, signal);
    },
    waiting,
    go: () => void line?.end("\n"),
  };
}

const outputs = { inherit: ["inherit", "inherit"], ignore: ["ignore", "ignore"], stderr: [2, 2] } as const;

function saysSomething(line: Duplex | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (line === undefined) return resolve(false);
    line.on("data", () => resolve(true));
    for (const over of ["end", "close", "error"]) line.on(over, () => resolve(false));
  });
}

/** One that has a number has been started: Bun does not always say so by an event where there are more than three descriptors. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    if (child.pid === undefined) child.once("spawn", resolve);
    else resolve();
  });
}
