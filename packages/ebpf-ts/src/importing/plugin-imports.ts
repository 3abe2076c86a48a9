import { CompileError } from "../base/errors.ts";
import { absolutePath, fileKind } from "../host/named-files.ts";
import { type ImportedObject, readImport } from "./read-import.ts";

/**
 * What a plugin has imported, and the files that it was made from: for bundlers that watch. After an error those are the files of the last
 * time, and those that the compiler names.
 */
export class PluginImports {
  readonly #files = new Map<string, ReadonlySet<string>>();

  /** Rejected as `readImport` is. */
  async read(path: string): Promise<ImportedObject> {
    try {
      const made = await readImport(path);
      this.#note(path, made.files);
      return made;
    } catch (error) {
      const named = error instanceof CompileError ? error.files : [];
      this.#note(path, [...this.filesOf(path), ...named]);
      throw error;
    }
  }

  /** What an import was made from. Of no pipe and no device: a bundler that reads one waits for ever. */
  filesOf(path: string): readonly string[] {
    return [...(this.#files.get(path) ?? [path])].filter((file) => fileKind(file) !== "other");
  }

  /** What was made from a file. */
  madeFrom(file: string): readonly string[] {
    return [...this.#files].filter(([, files]) => files.has(file)).map(([path]) => path);
  }

  #note(path: string, files: readonly string[]): void {
    this.#files.set(path, new Set([path, ...files.map((file) => absolutePath(file))]));
  }
}
