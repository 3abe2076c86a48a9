/** What the TypeScript files of the workspace import. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./files.ts";

export interface Import {
  readonly line: number;
  readonly specifier: string;
}

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  /** Comments are blanks. */
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}

/** `import`, `export … from`, `import()` and `require()`, or the `new URL()` of a worker's script. */
const importPattern =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\w*\(\s*|\bnew URL\(\s*(?=["'][^"']+\.[jt]s["']))(["'])([^"']+)\1/g;

export async function readSource(path: string): Promise<SourceFile> {
  const lines = withoutComments(await readFile(join(root, path), "utf8")).split("\n");
  return { path, lines, imports: importsOf(lines) };
}

/** Comments become blanks, so that lines keep their numbers and prose is not read as code. */
function withoutComments(text: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<=^|\s)\/\/.*$/gm, blank);
}

function importsOf(lines: readonly string[]): Import[] {
  return lines.flatMap((text, index) =>
    [...text.matchAll(importPattern)].map((match) => ({ line: index + 1, specifier: match[2] ?? "" })),
  );
}
