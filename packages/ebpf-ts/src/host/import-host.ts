import type { EbpfError } from "../base/errors.ts";
import { tryDescriptors } from "./descriptors.ts";
import { refusal } from "./refusal.ts";

/** Node opens modules side by side, and an engine is made of about so many. */
const descriptors = 64;

const onLinux = typeof process !== "undefined" && process.platform === "linux";
const imported = new Set<string>();

/**
 * Imports what needs the host, on first use. Node never tries again to read a module that it could not read once, so that a process which
 * was out of descriptors for a moment would lack it for good: whether there are enough is found out before.
 */
export async function importHost<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    if (!imported.has(what) && onLinux) tryDescriptors(await import("node:fs"), descriptors);
    const module = await load();
    imported.add(what);
    return module;
  } catch (cause) {
    throw refusal(cause, `load ${what}`, () => cause as EbpfError);
  }
}
