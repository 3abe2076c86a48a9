/**
 * The shape of the library: files that one reads in one sitting, folders that one sees at a glance, no circle of
 * imports between files, not even of types, one name for one type, and no struct of the kernel's whose fields are known by literal offsets.
 */
import { posix } from "node:path";
import { findFiles } from "./files.ts";
import { readSource, type SourceFile } from "./imports.ts";

const longestFile = 350;
const fullestFolder = 20;

function lengthFaults(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, lines }) => ({ path, count: lines.at(-1) === "" ? lines.length - 1 : lines.length }))
    .filter(({ count }) => count > longestFile)
    .map(({ path, count }) => `${path}: ${count} lines, at most ${longestFile}: is it two things?`);
}

function folderFaults(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > fullestFolder)
    .map(([folder, count]) => `${folder}: ${count} files, at most ${fullestFolder}: make rooms in it`);
}

/** Where structs of the kernel's are written and read. */
const kernelRooms = /\/src\/(?:sys|engine\/kernel|engine\/embedded\/sources|ring\/perf)\//;
const literalOffset = /\.[gs]et(?:Big)?(?:Ui|I)nt(?:8|16|32|64)\((?:\w+ \+ )?[1-9]/;

function offsetFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => kernelRooms.test(path))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) => (literalOffset.test(line) ? [`${path}:${index + 1}`] : [])),
    )
    .map((place) => `${place}: a literal offset: name the field, from uapi/structs.gen.ts`);
}

const exportedType = /^export (?:declare )?(?:abstract )?(?:class|interface|type|enum) (\w+)/;

/** Types that are exported from two files: each word means one thing, wherever it is read. */
function nameFaults(files: readonly SourceFile[]): string[] {
  const places = new Map<string, string[]>();
  for (const { path, lines } of files) {
    for (const line of lines) {
      const name = exportedType.exec(line)?.[1];
      if (name !== undefined) places.set(name, [...(places.get(name) ?? []), path]);
    }
  }
  return [...places]
    .filter(([, paths]) => new Set(paths).size > 1)
    .map(([name, paths]) => `${name}: a type of that name in ${paths.join(" and ")}`);
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Files of the library, and the library's files that they import. */
function graphOf(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map(({ path }) => path));
  return new Map(
    files.map(({ path, imports }) => {
      const targets = imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts"));
      return [path, targets.filter((target) => known.has(target))];
    }),
  );
}

/** Each way around that a walk through the graph comes upon: it ends with the file that it began with. */
function circles(graph: Graph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push([...trail.slice(start), path]);
    } else if (!done.has(path)) {
      for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}

async function main(): Promise<number> {
  const paths = (await findFiles(".ts")).filter((path) => /^packages\/[^/]+\/src\//.test(path));
  const files = await Promise.all(paths.filter((path) => !path.endsWith(".gen.ts")).map(readSource));
  const faults = [
    ...lengthFaults(files),
    ...folderFaults(files),
    ...offsetFaults(files),
    ...nameFaults(files),
    ...circles(graphOf(files)).map((circle) => `A circle of imports: ${circle.join(" → ")}`),
  ];
  for (const fault of faults) console.error(fault);
  console.log(`${files.length} files of the packages, ${faults.length} out of shape`);
  return faults.length > 0 ? 1 : 0;
}

process.exitCode = await main();
