/** Bundles of the packages, as they are published: few files, since it is files that a start waits for. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { root } from "./files.ts";

/** Names that files of the bundle get, and what they are made of. */
export type Entries = Readonly<Record<string, string>>;

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
  legalComments: "none",
} as const satisfies BuildOptions;

/** One program, whose parts nobody else uses, in one file. */
export async function bundleAlone(entries: Entries, folder: string): Promise<void> {
  await build({ ...settings, entryPoints: { ...entries }, outdir: folder });
}

/** What several entries use, and what is imported when it is needed, is in files of its own. */
export async function bundleTogether(entries: Entries, folder: string): Promise<void> {
  await build({ ...settings, entryPoints: { ...entries }, outdir: folder, splitting: true });
}

/**
 * The same with one file for what both of two entries import at once, rather than one for each set of entries that shares something: of
 * the library's it would be thirty. All others import that file too, whatever they need of it.
 */
export async function bundleAround(
  [first, second]: readonly [string, string],
  entries: Entries,
  folder: string,
): Promise<void> {
  const shared = await importedByBoth(first, second);
  const scratch = await mkdtemp(join(tmpdir(), "ebpf-ts-bundle-"));
  try {
    const core = join(scratch, "core.js");
    await writeFile(core, shared.map((path) => `import ${JSON.stringify(resolve(root, path))};\n`).join(""));
    await build({ ...settings, entryPoints: { ...entries }, outdir: folder, splitting: true, inject: [core] });
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function importedByBoth(first: string, second: string): Promise<string[]> {
  const [one, other] = await Promise.all([importedBy(first), importedBy(second)]);
  return [...one].filter((path) => other.has(path));
}

/** Paths from the root, without what is only imported when it is needed. */
async function importedBy(entry: string): Promise<Set<string>> {
  const { metafile } = await build({ ...settings, entryPoints: [entry], outdir: root, write: false, metafile: true });
  const reached = new Set<string>();
  reach(entry, metafile.inputs, reached);
  return reached;
}

function reach(path: string, inputs: Metafile["inputs"], reached: Set<string>): void {
  const input = inputs[path];
  if (input === undefined || reached.has(path)) return;
  reached.add(path);
  for (const { path: imported, kind } of input.imports) {
    if (kind === "import-statement") reach(imported, inputs, reached);
  }
}
