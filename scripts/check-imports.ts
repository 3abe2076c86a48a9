/**
 * The import-direction lint: rooms import along the arrows of `rooms.ts` only, and every arrow is in use; only `host` talks to
 * the runtime, only `sys` touches the FFI, and pure rooms reach neither, nor does what the doors for browsers reach; what is not the
 * library itself uses its public subpaths. Says file:line and which wall.
 */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { findFiles, root } from "./files.ts";
import { readSource, type SourceFile } from "./imports.ts";
import { reachOf } from "./reach.ts";
import { browserDoors, ffiRoom, roomOf, rooms, runtimeRoom, tableFaults } from "./rooms.ts";

const library = "packages/ebpf-ts/";
const sources = `${library}src/`;
/** `NodeJS` stands in types: they are the runtime's as well. */
const nodeGlobalPattern = /(?<![.\w]|\w-)(?:process|Buffer|require|__dirname|__filename|NodeJS)\b\s*[.([]/;

/** Arrows that some file uses: `from to`. */
const usedArrows = new Set<string>();

/** What is wrong with an import between rooms; undefined when it goes along an arrow. */
function roomFault(file: string, specifier: string): string | undefined {
  const inside = file.slice(sources.length);
  const room = roomOf(inside);
  if (room === undefined) return `${inside} is in no room: give it a place in scripts/rooms.ts`;
  if (specifier.startsWith(".")) {
    // A URL names what is compiled, where an import names the source.
    const path = posix.join(posix.dirname(inside), specifier).replace(/\.js(\?\w+)?$/, ".ts");
    const target = roomOf(path);
    if (target === undefined) return `${path} is in no room`;
    usedArrows.add(`${room.path} ${target.path}`);
    if (target === room || room.imports.includes(target.path)) return undefined;
    return `${room.path} may not import ${target.path} (it may import ${room.imports.join(", ") || "nothing"})`;
  }
  if (specifier === "koffi") {
    return room.path === ffiRoom ? undefined : `${room.path} may not import koffi: only ${ffiRoom} talks to the FFI`;
  }
  if (specifier.startsWith("node:")) {
    return room.path === runtimeRoom
      ? undefined
      : `${room.path} may not import ${specifier}: only ${runtimeRoom} talks to the runtime`;
  }
  return `the library depends on koffi alone, and may not import ${specifier}`;
}

function globalFaults(file: SourceFile): string[] {
  const room = roomOf(file.path.slice(sources.length));
  return room === undefined || room.path === runtimeRoom ? [] : nodeGlobals(file, room.path);
}

/** `who` is followed by what it may not do. */
function nodeGlobals(file: SourceFile, who: string): string[] {
  return file.lines.flatMap((text, index) => {
    const found = nodeGlobalPattern.exec(text);
    return found === null
      ? []
      : [`${file.path}:${index + 1}: ${who} may not use Node's global ${found[0].slice(0, -1)}`];
  });
}

/** The walls say as much, room by room; this asks what a bundler would find. */
function browserFaults(files: ReadonlyMap<string, SourceFile>): string[] {
  return browserDoors.flatMap((door) => {
    const who = `${door} is for browsers, reaches this file, and`;
    return reachOf(`${sources}${door}`, files).flatMap((file) => [
      ...nodeGlobals(file, who),
      ...file.imports
        .filter(({ specifier }) => !specifier.startsWith("."))
        .map(({ line, specifier }) => `${file.path}:${line}: ${who} may not import ${specifier}`),
    ]);
  });
}

/** Arrows of the table that no file goes along: the table is to show the house as it is. */
function unusedArrows(): string[] {
  return rooms.flatMap(({ path, imports }) =>
    imports
      .filter((target) => !usedArrows.has(`${path} ${target}`))
      .map((target) => `scripts/rooms.ts: ${path} does not import ${target}, take the arrow away`),
  );
}

/** The command, the examples and the benchmarks are users like any other. */
function userFault(file: string, specifier: string, subpaths: ReadonlySet<string>): string | undefined {
  const folder = file.split("/", 2).join("/");
  if (specifier.startsWith(".")) {
    const path = posix.join(posix.dirname(file), specifier);
    return path.startsWith(`${folder}/`)
      ? undefined
      : `${folder} may not reach into ${path}: use the public subpaths of ebpf-ts`;
  }
  // What the benchmarks measure with is their own.
  if (specifier === "koffi" && folder.startsWith("bench/")) return undefined;
  if (specifier === "koffi") return `${folder} may not import koffi: only ${sources}${ffiRoom} talks to the FFI`;
  if (!/^ebpf-ts(\/|$)/.test(specifier)) return undefined;
  return subpaths.has(specifier) ? undefined : `${specifier} is no public subpath of ebpf-ts`;
}

function testFault(specifier: string): string | undefined {
  return specifier === "koffi" ? `tests may not import koffi: go through ${sources}${ffiRoom}` : undefined;
}

async function publicSubpaths(): Promise<ReadonlySet<string>> {
  const manifest = JSON.parse(await readFile(join(root, library, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  return new Set(Object.keys(manifest.exports).map((key) => posix.join("ebpf-ts", key)));
}

function faultOf(file: string, specifier: string, subpaths: ReadonlySet<string>): string | undefined {
  if (file.startsWith(sources)) return roomFault(file, specifier);
  if (file.startsWith(library)) return testFault(specifier);
  return userFault(file, specifier, subpaths);
}

async function main(): Promise<number> {
  const subpaths = await publicSubpaths();
  const paths = (await findFiles(".ts")).filter((path) => /^(packages|examples|bench)\//.test(path));
  const faults = tableFaults();
  const files = new Map(await Promise.all(paths.map(async (path) => [path, await readSource(path)] as const)));
  for (const [path, file] of files) {
    for (const { line, specifier } of file.imports) {
      const fault = faultOf(path, specifier, subpaths);
      if (fault !== undefined) faults.push(`${path}:${line}: ${fault}`);
    }
    if (path.startsWith(sources)) faults.push(...globalFaults(file));
  }
  faults.push(...unusedArrows(), ...browserFaults(files));
  for (const fault of faults) console.error(fault);
  console.log(`${paths.length} files, ${faults.length} imports through a wall`);
  return faults.length > 0 ? 1 : 0;
}

process.exitCode = await main();
