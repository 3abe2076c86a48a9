import { constants } from "node:buffer";
import { isMainThread } from "node:worker_threads";

/** `linux`, `darwin`, `win32`, … */
export const platform: string = process.platform;
/** `x64`, `arm64`, … */
export const architecture: string = process.arch;
export const pid: number = process.pid;

const isNode: boolean =
  process.release?.name === "node" && ["bun", "deno"].every((other) => !(other in process.versions));

/** Whether the engine is V8: Bun's is JavaScriptCore. */
export const runsOnV8: boolean = !("bun" in process.versions);
/** Bun and Deno count from the start of the process, or of the thread. */
export const countsFromBoot: boolean = !("bun" in process.versions) && !("deno" in process.versions);
/** Bytes of the longest ArrayBuffer. */
export const longestBuffer: number = constants.MAX_LENGTH;

/** Whether this is the thread that all others are started from. */
export const inMainThread: boolean = isMainThread;

/**
 * Whether this thread runs on the default event loop of libuv: the main thread of Node. Bun and Deno have loops of their own, and Electron turns
 * libuv's by a foreign one.
 */
export const onDefaultLoop: boolean = isMainThread && isNode && !("electron" in process.versions);

/** Whether this is a thread whose end closes the files that it has opened with `node:fs`. */
export const endsFilesOfThreads: boolean = !isMainThread && isNode;

/** Whether the process is in its exit listeners, and no event will come any more. */
export function isExiting(): boolean {
  return (process as { readonly _exiting?: boolean })._exiting === true;
}

export function uid(): number {
  return process.getuid?.() ?? 0;
}

/** Whose files are those that it makes. */
export function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}

export function gid(): number {
  return process.getgid?.() ?? 0;
}

/** Whether it acts as root, with whichever capabilities. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** What a `ps` shows. */
export function title(): string {
  return process.title;
}

/** Undefined also where Deno is to give none (`--allow-env`). */
export function environmentVariable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Nanoseconds of CLOCK_MONOTONIC, from the start of the machine ({@link countsFromBoot}), or of the process. */
export function highResolution(): bigint {
  return process.hrtime.bigint();
}

/** Letters that no other process has, nor this one a second time. */
export function uniqueName(): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `${process.pid}-${Buffer.from(random).toString("hex")}`;
}

/** The time zone stands in a file, which is read when it is first asked for. */
export function settleTimeZone(): void {
  new Date().getTimezoneOffset();
}
