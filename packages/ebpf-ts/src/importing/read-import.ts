import { integrityOf } from "../base/digest.ts";
import { CompileError, EbpfError } from "../base/errors.ts";
import { parseElf } from "../elf/parse-elf.ts";
import { fileKind } from "../host/named-files.ts";
import { readObject } from "../host/read-object.ts";
import type { ModuleParts } from "./module-source.ts";

/** What is imported: a compiled object, or the C that it is compiled from on the way. */
export const importPattern: RegExp = /\.bpf\.[oc]$/;

/** An object that is imported. */
export interface ImportedObject extends Pick<ModuleParts, "name" | "digest"> {
  readonly bytes: Uint8Array;
  /** The files that it was made from. */
  readonly files: readonly string[];
  /** Warnings of the compiler. */
  readonly warnings: string;
}

/** The file of a module that a bundler names: it may have a query, as Vite writes them, or such a name. Undefined when it is none of ours. */
export function importedFile(id: string): string | undefined {
  if (id.includes("\0")) return undefined;
  const path = importPattern.test(id) && fileKind(id) === "file" ? id : id.replace(/[?#].*$/s, "");
  return importPattern.test(path) ? path : undefined;
}

/** Reads an object, or compiles it; rejected as `load()` and `compile()` are. */
export async function readImport(path: string): Promise<ImportedObject> {
  const made = path.endsWith(".c") ? await compiled(path) : await read(path);
  const digest = await integrityOf(made.bytes);
  if (digest === undefined) throw new EbpfError("NOT_SUPPORTED", `Cannot import ${path}: this host has no digests`);
  return { ...made, digest, name: path.slice(path.search(/[^/\\]*$/)) };
}

/** Whoever bundles an object that is broken learns it then, and not from those who run the bundle. */
async function read(path: string): Promise<Pick<ImportedObject, "bytes" | "files" | "warnings">> {
  // Of a pipe everything can be read once, and bundlers read their files again.
  if (fileKind(path) === "other") throw new EbpfError("NOT_FOUND", `Cannot import ${path}: it is no regular file`);
  const bytes = await readObject(path);
  try {
    parseElf(bytes);
  } catch (cause) {
    if (!(cause instanceof EbpfError)) throw cause;
    throw new EbpfError(cause.code, `Cannot import ${path}: ${cause.message}`, { cause });
  }
  return { bytes, files: [path], warnings: "" };
}

async function compiled(path: string): Promise<Pick<ImportedObject, "bytes" | "files" | "warnings">> {
  const { compile } = await import("../compile/compile.ts");
  const { object, dependencies, diagnostics } = await compile(path);
  return { bytes: object, files: dependencies, warnings: diagnostics };
}

/** What a bundler shows: the compiler's own words, where it has refused. */
export function importFailure(error: unknown): string {
  if (error instanceof CompileError) return `${error.message}\n${error.diagnostics}`.trimEnd();
  return error instanceof Error ? error.message : String(error);
}
