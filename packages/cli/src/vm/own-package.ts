import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addLibraries } from "./executables.ts";
import type { GuestFiles } from "./guest-files.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What no command reads: of a package that is developed, its tests and what is published. */
const leftOut = new Set(["node_modules", "test", "npm", ".git"]);

/** The folder of this package. */
export function ownPackage(): string {
  return nearest(dirname(fileURLToPath(import.meta.url)), "package.json");
}

/** The nearest folder, from that one upwards, which has something of that name. */
function nearest(folder: string, name: string): string {
  return existsSync(join(folder, name)) || folder === "/" ? folder : nearest(dirname(folder), name);
}

/** Adds a package and, as Node finds them, those that it needs. */
export function addPackage(files: GuestFiles, folder: string): void {
  const real = files.addPath(folder);
  if (files.has(join(real, "package.json"))) return;
  files.addTree(real, leftOut);
  // Which Node has itself, and other runtimes have not.
  const addons = [...files.entries.keys()].filter((path) => path.startsWith(`${real}/`) && path.endsWith(".node"));
  for (const addon of addons) addLibraries(files, addon);
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(real, "package.json"), "utf8"),
  ) as Manifest;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = join(nearest(real, join("node_modules", name)), "node_modules", name);
    if (existsSync(place)) addPackage(files, place);
  }
}
