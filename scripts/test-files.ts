import { join } from "node:path";
import { findUnder, root } from "./files.ts";
import { type Room, rooms } from "./rooms.ts";

const skipped = new Set(["node_modules", ".git", "fixtures"]);

/** Tests that may reach the whole system: they run in guests (test-kernels.ts), never here. */
const guestSuite = "packages/ebpf-ts/build/test/guest";

/** Paths of the compiled tests of all packages, relative to the root: those that contain one of the words, or all. */
export async function findTests(wanted: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    ["packages", "examples", "bench", "type-tests", "scripts"].map((folder) =>
      findUnder(join(root, folder), ".test.js", skipped),
    ),
  );
  const tests = found.flat().filter((path) => path.includes("/build/") && !path.startsWith(`${guestSuite}/`));
  return wanted.length === 0 ? tests : tests.filter((path) => wanted.some((word) => path.includes(word)));
}

/** Paths of the compiled tests for guests. */
export async function findGuestTests(): Promise<string[]> {
  return findUnder(join(root, guestSuite), ".test.js", skipped);
}

const topOf = ({ path }: Room): string => path.split("/", 1)[0]!;
/** A room that is pure may stand in one that is not. */
const hostFolders = new Set(rooms.filter((room) => !room.pure).map(topOf));
const pureFolders = new Set(rooms.map(topOf).filter((folder) => !hostFolders.has(folder)));

/**
 * Whether a file tests a pure room, and so may run beside others; what uses the host's kernel, or traces commands, shares it. By the
 * folder below `build/test/`: a room's name, or `embedded-…` for parts of that engine.
 */
export function isPure(path: string): boolean {
  const folder = /\/ebpf-ts\/build\/test\/([^/]+)\//.exec(path)?.[1];
  return folder !== undefined && (pureFolders.has(folder) || folder.startsWith("embedded"));
}
