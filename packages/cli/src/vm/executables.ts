import { execFileSync } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { GuestFiles } from "./guest-files.ts";

/** As execvp(3) looks for it: a name without a slash in the folders of PATH. */
export function findExecutable(name: string): string | undefined {
  if (name.includes("/")) return isExecutable(resolve(name)) ? resolve(name) : undefined;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => resolve(join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Adds an executable with what it takes to run: the libraries that it is linked with, or the interpreter of a script. */
export function addExecutable(files: GuestFiles, path: string): void {
  if (files.has(realpathSync(path)) && files.has(path)) return;
  const real = files.addPath(path);
  if (isExecutable(real)) addNeeds(files, real);
}

function addNeeds(files: GuestFiles, real: string): void {
  const interpreter = interpreterOf(real);
  if (interpreter === undefined) addLibraries(files, real);
  else for (const word of interpreter) addIfThere(files, word);
}

/** Adds what a file of machine code is linked with. */
export function addLibraries(files: GuestFiles, path: string): void {
  for (const library of librariesOf(path)) files.addPath(library);
}

/** `#!/usr/bin/env node`: both, without options. */
function addIfThere(files: GuestFiles, word: string): void {
  const path = findExecutable(word);
  if (path !== undefined) addExecutable(files, path);
}

/** Of a script (execve(2)); undefined for everything else. */
function interpreterOf(path: string): string[] | undefined {
  const longest = 256;
  const bytes = Buffer.alloc(longest);
  const file = openSync(path, "r");
  const count = readSync(file, bytes, 0, longest, 0);
  closeSync(file);
  const line = /^#!([^\n]*)/.exec(bytes.toString("latin1", 0, count))?.[1];
  return line?.trim().split(/\s+/);
}

/** Absolute paths, the dynamic linker's among them. A static executable has none, and ldd(1) fails for it. */
function librariesOf(path: string): string[] {
  try {
    const text = execFileSync("ldd", [path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...text.matchAll(/(?:^|\s)(\/\S+)/gm)]
      .map(([, library]) => library!)
      .filter((library) => library !== `${path}:`);
  } catch {
    return [];
  }
}
