import { integrityOf } from "../base/digest.ts";
import { CompileError, EbpfError } from "../base/errors.ts";
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

/** Reads an object, or compiles it; rejected as `load()` and `compile()` are. */
export async function readImport(path: string): Promise<ImportedObject> {
  const made = path.endsWith(".c")
    ? await compiled(path)
    : { bytes: await readObject(path), files: [path], warnings: "" };
  const digest = await integrityOf(made.bytes);
  if (digest === undefined) throw new EbpfError("NOT_SUPPORTED", `Cannot import ${path}: this host has no digests`);
  return { ...made, digest, name: path.slice(path.search(/[^/\\]*$/)) };
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
