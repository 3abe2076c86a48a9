/** Where the scripts work, and how they find files. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace's root; ends with a slash. The compiled script is in scripts/build/. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

const skipped = new Set(["node_modules", ".git", "build", "coverage"]);

/** Paths of all files with that ending, relative to the root and sorted; compiled and installed folders are left out. */
export async function findFiles(ending: string, folder: string = root): Promise<string[]> {
  return findUnder(folder, ending, skipped);
}

export async function findUnder(folder: string, ending: string, skip: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skip.has(entry.name)) found.push(...(await findUnder(path, ending, skip)));
    } else if (entry.name.endsWith(ending)) {
      found.push(relative(root, path).split(sep).join("/"));
    }
  }
  return found.sort();
}
