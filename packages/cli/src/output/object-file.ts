import type { CollectionSpec } from "ebpf-ts";
import { parse, readObject } from "ebpf-ts/object";
import { quoted } from "./text.ts";

/** What does something with the object that a path names, and whose errors say which file it was. */
export async function withObject<T>(path: string, use: (object: Uint8Array) => T | Promise<T>): Promise<T> {
  const object = await readObject(path);
  try {
    return await use(object);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && broken.has(error.code))) throw error;
    const why = path.endsWith(".c") ? `it is C: compile it with ebpf build ${quoted(path)}` : error.message;
    throw new Error(`Cannot read ${path}: ${why}`, { cause: error });
  }
}

export function parseFile(path: string): Promise<CollectionSpec> {
  return withObject(path, parse);
}

/** Codes of the library's errors for files that are no objects, or broken ones. */
const broken = new Set<unknown>(["BAD_OBJECT", "BAD_BTF"]);
