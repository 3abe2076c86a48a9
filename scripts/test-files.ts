import { join } from "node:path";
import { findUnder, root } from "./files.ts";

const skipped = new Set(["node_modules", ".git", "fixtures"]);

/** Paths of the compiled tests of all packages, relative to the root: those that contain one of the words, or all. */
export async function findTests(wanted: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    ["packages", "examples", "bench", "type-tests", "scripts"].map((folder) =>
      findUnder(join(root, folder), ".test.js", skipped),
    ),
  );
  const tests = found.flat().filter((path) => path.includes("/build/"));
  return wanted.length === 0 ? tests : tests.filter((path) => wanted.some((word) => path.includes(word)));
}
