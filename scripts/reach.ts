import { posix } from "node:path";
import type { SourceFile } from "./imports.ts";

/** All files that one imports, itself included, by whatever kind of import. */
export function reachOf(start: string, files: ReadonlyMap<string, SourceFile>): SourceFile[] {
  const reached = new Map<string, SourceFile>();
  const wanted = [start];
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (reached.has(path)) continue;
    const file = files.get(path);
    if (file === undefined) throw new Error(`Cannot follow an import: there is no ${path}`);
    reached.set(path, file);
    const folder = posix.dirname(path);
    const relative = file.imports.filter(({ specifier }) => specifier.startsWith("."));
    wanted.push(...relative.map(({ specifier }) => posix.join(folder, specifier)));
  }
  return [...reached.values()];
}
