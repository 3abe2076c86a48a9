/** Files of /proc and /sys: to open one never blocks. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { EbpfError } from "../base/errors.ts";
import { refusal } from "./refusal.ts";

/** As far as this process may look. Not by access(2), which takes no capability of an ordinary user into account. */
export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A text. What the runtime throws comes as it is: see `refusal`. */
export function readSystemFile(path: string): string {
  return readFileSync(path, "utf8");
}

/** Undefined where it cannot be read, for whatever reason. */
export function readIfThere(path: string): string | undefined {
  try {
    return readSystemFile(path);
  } catch {
    return undefined;
  }
}

/** The same, of bytes. */
export function bytesIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** A text that is always there. `action` follows "Cannot". */
export function readHostFile(path: string, action: string): string {
  try {
    return readSystemFile(path);
  } catch (cause) {
    throw refusal(cause, action, (code) => {
      return new EbpfError("SYSCALL", `Cannot ${action}: ${path} cannot be read (${code})`, { cause });
    });
  }
}

/** Waits on a thread of the runtime: for what is large, such as the kernel's types. Rejected with what the runtime says. */
export function readLargeFile(path: string): Promise<Uint8Array> {
  return readFile(path);
}

/** A text, which may be compressed by gzip, as the kernel has its configuration. Rejected with what the runtime says. */
export async function readPackedText(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  const { gunzip } = await import("node:zlib");
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: mostUnpacked }, (error, text) => {
      if (error === null) resolve(text.toString("utf8"));
      else reject(error);
    });
  });
}

/** Configurations have some 300 KB. */
const mostUnpacked = 16 * 1024 * 1024;

const scratch = Buffer.alloc(4096);

/** The first 4096 bytes of a text. `readSystemFile` takes nearly twice as long. */
export function readShortFile(path: string): string {
  const file = openSync(path, "r");
  try {
    return scratch.toString("utf8", 0, readSync(file, scratch));
  } finally {
    closeSync(file);
  }
}

/** The memory of a process, by its file. False when any of it cannot be read. */
export function readMemoryFile(process: number, address: bigint, into: Uint8Array): boolean {
  // Offsets of a file are signed, and nothing of user space is in the upper half.
  if (address < 0n || address >= 1n << 63n) return false;
  let file: number | undefined;
  try {
    file = openSync(`/proc/${process}/mem`, "r");
    return readSync(file, into, 0, into.length, address) === into.length;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function linkTarget(path: string): string {
  return readlinkSync(path);
}

/** Names in a folder. What the runtime throws comes as it is: see `refusal`. */
export function namesIn(path: string): readonly string[] {
  return readdirSync(path);
}

/** An entry of a folder. Symbolic links, and whatever else there is, are `other`. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
}

/** None where this user may not look, and where there is no such folder. */
export function entriesIn(path: string): FolderEntry[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isDirectory() ? "folder" : entry.isFile() ? "file" : "other",
    }));
  } catch {
    return [];
  }
}

/** Undefined where it is none, or cannot be read. */
export function linkTargetIfThere(path: string): string | undefined {
  try {
    return linkTarget(path);
  } catch {
    return undefined;
  }
}

/** What part of a file system is mounted where, as this process sees it. */
export interface Mount {
  readonly root: string;
  readonly folder: string;
}

/** All mounts of a type of file system. See proc_pid_mountinfo(5): spaces and the like are written as `\040`. */
export function mountsOf(type: string, action: string): Mount[] {
  const lines = readHostFile("/proc/self/mountinfo", action).split("\n");
  return lines.flatMap((line) => {
    const [, , , root, folder] = line.split(" ");
    if (root === undefined || folder === undefined || !line.includes(` - ${type} `)) return [];
    return [{ root: unescaped(root), folder: unescaped(folder) }];
  });
}

function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
