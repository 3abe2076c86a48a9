/** Programs of the system's that are run for what they print, and what they work on. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "./named-files.ts";
import { pid } from "./this-process.ts";

export interface ToolOutput {
  /** That it ended with; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A compiler that repeats one error for ever is ended at so many bytes. */
const longestOutput = 64 * 2 ** 20;

/** Rejected with what the runtime says when it cannot be started, or does not end in what it may print. */
export function runTool(file: string, args: readonly string[]): Promise<ToolOutput> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { maxBuffer: longestOutput }, (error, stdout, stderr) => {
      // The code of the tool is a number; the runtime's own has a name.
      if (typeof error?.code === "string") reject(error);
      else resolve({ code: child.exitCode ?? undefined, stdout, stderr });
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end();
  });
}

/** Gives `work` a folder of its own, which is gone afterwards. */
export async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "ebpf-ts-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Names in a folder; none where there is no such folder. */
export async function namesIfThere(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

export function readText(path: string): Promise<string> {
  return readFile(path, "utf8");
}

export function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path);
}

/** Nobody sees a part of it: it is written beside its place, and then moved there. The folder is made. */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  makeFolder(dirname(path), 0o777);
  const beside = join(dirname(path), `.${basename(path)}.${pid}`);
  try {
    await writeFile(beside, contents);
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}

/** What can be made again, for this user. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "ebpf-ts");
}

export function joinPath(...parts: readonly string[]): string {
  return join(...parts);
}
