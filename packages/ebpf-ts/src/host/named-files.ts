/**
 * Paths that a user, or an object, names: anything may be there. All that is opened by such a name is opened here. What the runtime throws
 * comes as it is: see `refusal`.
 */
import {
  accessSync,
  constants,
  linkSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** `read-write` opens what is there; `new` makes it, and fails where anything is. */
export type OpenFor = "read" | "read-write" | "new";

const flags: Readonly<Record<OpenFor, string>> = { read: "r", "read-write": "r+", new: "wx+" };

/** Gives the descriptor. `mode` is of a file that is made, less the umask. */
export function openNamed(path: string, access: OpenFor, mode?: number): number {
  return openSync(path, flags[access], mode);
}

/** The first `most` bytes of it. Waits on a thread of the runtime: the other end of a pipe may not be there yet. */
export async function readNamed(path: string | URL, most: number): Promise<Uint8Array> {
  const file = await open(path, flags.read);
  try {
    const chunks: Uint8Array[] = [];
    for (let left = most; left > 0; left -= chunks.at(-1)!.length) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(left, chunkBytes)));
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/** Most objects are smaller. */
const chunkBytes = 256 * 1024;

export type FileKind = "file" | "folder" | "other";

/** Undefined where nothing is, or where this user may not look. */
export function fileKind(path: string): FileKind | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  } catch {
    return undefined;
  }
}

/** False also where nothing is. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `f_type` of statfs(2), 32 bits: which kind of file system it is in. */
export function fileSystemOf(path: string): number {
  return Number(statfsSync(path).type) >>> 0;
}

/** And those above it; for the owner alone. One that is there already stays as it is. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** A second name for a file. */
export function addName(path: string, second: string): void {
  linkSync(path, second);
}

export function removeName(path: string): void {
  unlinkSync(path);
}

/** An empty one. */
export function removeFolder(path: string): void {
  rmdirSync(path);
}

export function folderOf(path: string): string {
  return dirname(path);
}

/** From the current folder, or from the first of the parts that is absolute. */
export function absolutePath(...parts: readonly string[]): string {
  return resolve(...parts);
}

/** Folders of a search path (`PATH`). */
export function foldersOf(searchPath: string): string[] {
  return searchPath.split(delimiter);
}

/** Of a `file:` URL. */
export function filePathOf(url: URL): string {
  return fileURLToPath(url);
}

/** The URL of a module that is named by a path, or by a URL already. */
export function moduleUrlOf(module: string): string {
  return /^[a-z]+:/.test(module) && !isAbsolute(module) ? module : pathToFileURL(resolve(module)).href;
}
