/**
 * Makes the folders that are published, packages/…/build/npm, or in the folder that is named: `npm publish packages/ebpf-ts/build/npm`. They
 * have bundles in place of the compiled files, which development goes on with; declarations and sources are as they are.
 */
import { readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { workerEntries } from "ebpf-ts/bundling";
import { bundleAlone, bundleTogether, type Entries, type Group, importedBy } from "./bundle.ts";
import { root } from "./files.ts";
import { roomOf } from "./rooms.ts";

interface Manifest {
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const library = "packages/ebpf-ts";
const command = "packages/cli";
const declarations = ["build/src/**/*.d.ts", "build/src/**/*.d.ts.map"];

/** The module that a compiled file was made of, from the root. */
const sourceOf = (path: string): string => `${library}/${path.replace("./build/", "").replace(/\.js$/, ".ts")}`;

/** `.` is index, `./btf` is btf. */
const nameOf = (subpath: string): string => (subpath === "." ? "index" : subpath.slice(2));

/** The one thread that runs modules of the user's, which import the library: they have its errors and classes in common. */
const sharing = "ebpf-dispatch-worker";

async function bundleLibrary(exports: NonNullable<Manifest["exports"]>, folder: string): Promise<void> {
  const doors = Object.entries(exports).map(([subpath, { default: path }]) => [nameOf(subpath), sourceOf(path)]);
  const workers = Object.entries(workerEntries).map(([name, path]) => {
    return [name, sourceOf(path.slice(join(root, library).length).replace(/^\//, "./"))];
  });
  const entries: Entries = Object.fromEntries([...doors, ...workers.filter(([name]) => name === sharing)]);
  const alone: Entries = Object.fromEntries(workers.filter(([name]) => name !== sharing));
  await bundleTogether(entries, folder, await groups(entries));
  await bundleAlone(alone, folder);
}

/**
 * What is read together is in few files, since each takes as long as 15 KB of code; and nothing is in a file that many read and few of them
 * need. What a module is needed for is what reaches it, without what is only imported when it is needed. Pure modules have files without others,
 * for browsers.
 */
async function groups(entries: Entries): Promise<Group[]> {
  const doors = new Set(Object.values(entries));
  const of = (path: string): Promise<Group> => importedBy(`${library}/src/${path}.ts`);
  const [front, object, load, spec, kernel, embedded] = await Promise.all(starts.map(of));
  const taken = new Set<string>();
  const group = (isOf: (path: string) => boolean): Group => {
    const all = new Set([...front!, ...object!, ...load!, ...spec!, ...kernel!, ...embedded!]);
    const own = new Set([...all].filter((path) => !doors.has(path) && !taken.has(path) && isOf(path)));
    for (const path of own) taken.add(path);
    return own;
  };
  const pure = (isOf: (path: string) => boolean): Group => group((path) => isPure(path) && isOf(path));
  return [
    pure((path) => front!.has(path) && spec!.has(path)), // types and values
    pure((path) => front!.has(path)),
    group((path) => object!.has(path) && !isPure(path)), // files
    group((path) => front!.has(path)), // the system
    pure((path) => object!.has(path) || (spec!.has(path) && (load!.has(path) || kernel!.has(path)))), // objects, and what their records are
    pure((path) => spec!.has(path) && embedded!.has(path)), // CO-RE
    pure((path) => spec!.has(path)), // debug information
    pure((path) => load!.has(path) || (kernel!.has(path) && embedded!.has(path))),
    group((path) => load!.has(path) || kernel!.has(path)),
    group((path) => embedded!.has(path)),
  ];
}

/** What programs start with: the library; an object as data; loading; all that specs have; and an engine. */
const starts = [
  "index",
  "object-file",
  "loading/load-here",
  "spec/index",
  "engine/kernel/kernel-engine",
  "engine/embedded/user/embedded-engine",
];

const isPure = (path: string): boolean => roomOf(path.slice(`${library}/src/`.length))?.pure === true;

const usesLibrary = (path: string): boolean =>
  /^import (?!type )[^;]* from "ebpf-ts/m.test(readFileSync(join(root, path), "utf8"));

async function bundleCommand(folder: string): Promise<void> {
  const files = await readdir(join(root, command, "src/commands"));
  const commands = files.map((file) => basename(file, ".ts")).map((name) => [`commands/${name}`, `commands/${name}`]);
  const entries = [["main", "main"], ...commands].map(([name, path]) => [name, `${command}/src/${path}.ts`]);
  const of = (path: string): Promise<Group> => importedBy(`${command}/src/${path}.ts`);
  // Not what imports the library: help is said without it.
  const printed = [...(await of("inspect/inspect-object"))].filter(
    (path) => path.includes("/output/") && !usesLibrary(path),
  );
  const own = new Set([...(await of("main")), ...printed].filter((path) => basename(path) !== "main.ts"));
  await bundleTogether(Object.fromEntries(entries) as Entries, folder, [own]);
}

/** Files of a package that are published as they are. `private` keeps the package from being published as it is developed. */
async function begin(name: string, into: string, parts: readonly string[]): Promise<Manifest> {
  const from = join(root, name);
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  for (const part of [...parts, "src", "README.md", "LICENSE"]) {
    await cp(join(from, part), join(into, part), {
      recursive: true,
      filter: (path) => !/\.js(\.map)?$/.test(path) || part === "bin",
    });
  }
  const { private: _, ...manifest } = JSON.parse(await readFile(join(from, "package.json"), "utf8")) as Manifest;
  return manifest;
}

async function end(into: string, manifest: Manifest & { readonly files: readonly string[] }): Promise<void> {
  await writeFile(join(into, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

async function packageLibrary(into: string): Promise<void> {
  const manifest = await begin(library, into, ["build/src", "include"]);
  const { exports = {} } = manifest;
  await bundleLibrary(exports, join(into, "dist"));
  const bundled = Object.entries(exports).map(([subpath, { types }]) => {
    return [subpath, { types, default: `./dist/${nameOf(subpath)}.js` }] as const;
  });
  const files = ["dist", ...declarations, "include", "src", "README.md"];
  await end(into, { ...manifest, exports: Object.fromEntries(bundled), files });
}

async function packageCommand(into: string): Promise<void> {
  const manifest = await begin(command, into, ["bin"]);
  await bundleCommand(join(into, "dist"));
  await end(into, { ...manifest, files: ["bin", "dist", "src", "README.md"] });
}

const folder = process.argv[2];
await packageLibrary(folder === undefined ? join(root, library, "build/npm") : join(folder, "ebpf-ts"));
await packageCommand(folder === undefined ? join(root, command, "build/npm") : join(folder, "ebpf-ts-cli"));
