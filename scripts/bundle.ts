/** Bundles of the packages, as they are published: few files, since it is files that a start waits for. */
import { isDeepStrictEqual } from "node:util";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { root } from "./files.ts";

/** Names that files of the bundle get, and what they are made of. */
export type Entries = Readonly<Record<string, string>>;

/** Modules that are one file of the bundle, which everybody imports who needs one of them. Paths from the root. */
export type Group = ReadonlySet<string>;

const settings = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  // The sources are published as well; errors and stack traces have the names that they have there.
  sourcemap: true,
  sourcesContent: false,
  minifyWhitespace: true,
  minifySyntax: true,
  // Above an error that nobody catches Node prints the line that threw it: a bundle without line breaks is one line, of 60 KB.
  lineLimit: 160,
  legalComments: "none",
} as const satisfies BuildOptions;

/** One program, whose parts nobody else uses, in one file. */
export async function bundleAlone(entries: Entries, folder: string): Promise<void> {
  await build({ ...settings, entryPoints: { ...entries }, outdir: folder, plugins: [tablesAsText] });
}

/** What is undefined is read as such, whether it is a member or not. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutUndefined(member)]));
}

/** Modules that have nothing but data. */
const tables = /\/src\/(uapi\/\w+\.gen|kinds\/program-kinds)\.ts$/;

/** Tables become texts of JSON: V8 reads one about ten times as fast as the same as code, which it would have to compile and run first. */
const tablesAsText: Plugin = {
  name: "tables",
  setup({ onLoad }) {
    onLoad({ filter: tables }, async ({ path }) => {
      const built = path.replace("/src/", "/build/src/").replace(/\.ts$/, ".js");
      const exports = Object.entries((await import(pathToFileURL(built).href)) as Readonly<Record<string, unknown>>);
      return { contents: exports.map(([name, table]) => asText(name, table)).join("\n") };
    });
  },
};

function asText(name: string, table: unknown): string {
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(table)), withoutUndefined(table)))
    throw new Error(`${name} has something that JSON has not`);
  return `export const ${name} = /* @__PURE__ */ JSON.parse(${JSON.stringify(JSON.stringify(table))});`;
}

/**
 * What several entries use, and what is imported when it is needed, is in files of its own: in those of the groups, and otherwise in one for
 * each set of entries that shares something, of which the library would have sixty.
 */
export async function bundleTogether(entries: Entries, folder: string, groups: readonly Group[] = []): Promise<void> {
  const plugins = [tablesAsText, inGroups(groups, Object.values(entries))];
  await build({ ...settings, entryPoints: { ...entries }, outdir: folder, splitting: true, plugins });
}

/**
 * All entries that import something of a group at once, or when they need it, import all of it, and whatever groups that reaches in turn: so the
 * bundler sees no reason to split one.
 */
function inGroups(groups: readonly Group[], entries: readonly string[]): Plugin {
  return {
    name: "groups",
    async setup({ onResolve, onLoad, resolve: find }) {
      const inputs = await inputsOf(entries);
      onResolve({ filter: /^[./]|^packages\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === "found" || (kind !== "entry-point" && kind !== "dynamic-import")) return undefined;
        const found = await find(path, { kind, importer, resolveDir, pluginData: "found" });
        return { path: found.path, namespace: "entry" };
      });
      onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => {
        const shared = sharedBy(relative(root, path), groups, inputs);
        const imports = shared.map((each) => `import ${JSON.stringify(resolve(root, each))};`);
        return { contents: [...imports, `export * from ${JSON.stringify(path)};`].join("\n"), resolveDir: root };
      });
    },
  };
}

/** All of the groups that an entry reaches. */
function sharedBy(entry: string, groups: readonly Group[], inputs: Metafile["inputs"]): string[] {
  const needed = new Set<string>();
  const shared = new Set<Group>();
  reach(entry, inputs, needed);
  for (let before = -1; before < shared.size;) {
    before = shared.size;
    for (const group of groups) {
      if (shared.has(group) || ![...group].some((each) => needed.has(each))) continue;
      shared.add(group);
      for (const each of group) reach(each, inputs, needed);
    }
  }
  return groups.filter((group) => shared.has(group)).flatMap((group) => [...group]);
}

/** Paths from the root, without what is only imported when it is needed. */
export async function importedBy(entry: string): Promise<Group> {
  const reached = new Set<string>();
  reach(entry, await inputsOf([entry]), reached);
  return reached;
}

async function inputsOf(entries: readonly string[]): Promise<Metafile["inputs"]> {
  const entryPoints = [...entries];
  const { metafile } = await build({ ...settings, entryPoints, outdir: root, write: false, metafile: true });
  return metafile.inputs;
}

function reach(path: string, inputs: Metafile["inputs"], reached: Set<string>): void {
  const input = inputs[path];
  if (input === undefined || reached.has(path)) return;
  reached.add(path);
  for (const { path: imported, kind } of input.imports) {
    if (kind === "import-statement") reach(imported, inputs, reached);
  }
}
