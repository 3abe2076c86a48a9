/** Files of /proc and /sys: to open one never blocks. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { EbpfError } from "../base/errors.ts";
import { refusal } from "./refusal.ts";

export function isThere(path: string): boolean {
  return existsSync(path);
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
  return promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip)(bytes, {
    maxOutputLength: mostUnpacked,
  }).then((text) => text.toString("utf8"));
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
