/**
 * Paths that a user, or an object, names: anything may be there. All that is opened by such a name is opened here, and without waiting: for
 * the other end of a pipe open(2) would wait for ever, and neither a timer nor SIGTERM would be served meanwhile. What the runtime
 * throws comes as it is: see `refusal`.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { delimiter, dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** `read-write` opens what is there; `new` makes it, and fails where anything is. */
export type OpenFor = "read" | "read-write" | "new";

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
/** Not there on every system. Neither makes a difference to a regular file. */
const { O_NONBLOCK = 0, O_NOCTTY = 0 } = constants as Partial<typeof constants>;
const calm = O_NONBLOCK | O_NOCTTY;
const flags: Readonly<Record<OpenFor, number>> = {
  read: O_RDONLY | calm,
  "read-write": O_RDWR | calm,
  new: O_RDWR | O_CREAT | O_EXCL | calm,
};

/** Gives the descriptor, of whatever it is. `mode` is of a file that is made, less the umask. */
export function openNamed(path: string, access: OpenFor, mode?: number): number {
  return openSync(path, flags[access], mode);
}

/** The code of what {@link openRegular} throws. */
export const notRegular = "NOT_REGULAR";

/** To read a file, and nothing else: a device may do something when it is opened, so that it is not. */
export function openRegular(path: string): number {
  const refuse = (): never => {
    throw Object.assign(new Error(`${path} is no regular file`), { code: notRegular });
  };
  if (!statSync(path).isFile()) refuse();
  const fd = openNamed(path, "read");
  // It may be another by now.
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return refuse();
}

/**
 * The first `most` bytes of it. It may be a pipe (`<(clang …)` of a shell): one that is open for writing is waited for, without holding up
 * anything else, one that nobody writes is empty. Devices give what they have at once, or EAGAIN.
 */
export async function readNamed(path: string | URL, most: number): Promise<Uint8Array> {
  const file = await open(path, flags.read);
  try {
    const isPipe = (await file.stat()).isFIFO();
    const chunks: Uint8Array[] = [];
    for (let left = most; left > 0; left -= chunks.at(-1)!.length) {
      const into = new Uint8Array(Math.min(left, chunkBytes));
      const { bytesRead, buffer } = isPipe ? await readPipe(file, into, chunks.length === 0) : await file.read(into);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/** Up to so many; undefined where it is no regular file, or this user may not read it. */
export function firstBytes(path: string, most: number): Uint8Array | undefined {
  try {
    const fd = openRegular(path);
    try {
      const bytes = new Uint8Array(most);
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Milliseconds between two looks. */
const pause = 5;
/** Looks for the first byte of a pipe: whoever waited for us to open it is not there at once. */
const firstLooks = 100;

async function readPipe(
  file: FileHandle,
  into: Uint8Array,
  isFirst: boolean,
): ReturnType<typeof file.read<Uint8Array>> {
  for (let looks = 0; ; looks += 1) {
    const result = await file.read(into).catch((error: unknown) => {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      return undefined;
    });
    if (result !== undefined && (result.bytesRead > 0 || !isFirst || looks >= firstLooks)) return result;
    await sleep(pause);
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
    // Deno lets root pass whatever the mode is.
    return (statSync(path).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** `f_type` of statfs(2), 32 bits: which kind of file system it is in. */
export function fileSystemOf(path: string): number {
  return Number(statfsSync(path).type) >>> 0;
}

/** What tells it from all other files; the device as the kernel has it inside (`dev_t`: 12 bits, then 20). */
export function deviceAndInode(path: string): { readonly device: bigint; readonly inode: bigint } {
  const { dev, ino } = statSync(path, { bigint: true });
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  return { device: (major << 20n) | minor, inode: ino };
}

/**
 * And those above it; for the owner alone unless told. One that is there already stays as it is. Node's `recursive` never returns where a
 * folder that is there refuses a new one with ENOENT, as /proc does.
 */
export function makeFolder(path: string, mode = 0o700): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "EEXIST") throw error;
  }
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

/** Without symbolic links; undefined where nothing is, or where this user may not look. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Of a `file:` URL. */
export function filePathOf(url: URL): string {
  return fileURLToPath(url);
}

/** The URL of a module that is named by a path, or by a URL already. */
export function moduleUrlOf(module: string): string {
  return /^[a-z]+:/.test(module) && !isAbsolute(module) ? module : pathToFileURL(resolve(module)).href;
}
