/**
 * `node --import ebpf-ts/register`: from then on `import probe from "./probe.bpf.o"` gives the module of that object (Node 20.6 or later),
 * and `"./probe.bpf.c"` that of what clang makes of it. On Bun that is `bun --preload ebpf-ts/register`.
 */
import { plugIntoBun } from "./host/threads/bun-plugin.ts";
import { giveModules, givesModules, type LoadedModule, registerHooks } from "./host/threads/module-hooks.ts";
import { moduleSource } from "./importing/module-source.ts";
import { importedFile, importPattern, readImport } from "./importing/read-import.ts";
import { filePathOf, moduleUrlOf } from "./host/named-files.ts";

export type { LoadedModule } from "./host/threads/module-hooks.ts";

function isWanted(url: string): boolean {
  const { protocol, pathname } = new URL(url);
  return protocol === "file:" && importPattern.test(pathname);
}

/** The hook that older Node calls, in its thread of hooks, for every module that is imported. */
export async function load<Context, Result>(
  url: string,
  context: Context,
  nextLoad: (url: string, context: Context) => Promise<Result>,
): Promise<Result | LoadedModule> {
  return isWanted(url) ? loadObject(url) : nextLoad(url, context);
}

async function loadObject(url: string): Promise<LoadedModule> {
  const source = await sourceOf(filePathOf(new URL(url.replace(/[?#].*$/, ""))));
  return { format: "module", shortCircuit: true, source };
}

async function sourceOf(path: string): Promise<string> {
  const { name, digest, bytes } = await readImport(path);
  // What was compiled on the way is in no file.
  const object = path.endsWith(".o") ? new URL(moduleUrlOf(path)) : bytes;
  return moduleSource({ name, digest, object, from: new URL("./index.js", import.meta.url).href });
}

/** Threads that give modules import this very file as well, and are to register nothing. */
const hooks = new URL("./register.js?hooks", import.meta.url);
if (givesModules) giveModules(loadObject);
else if (
  import.meta.url !== hooks.href &&
  !plugIntoBun(/\.bpf\.[oc](?:$|\?)/, (id) => sourceOf(importedFile(id) ?? id))
)
  registerHooks({ isWanted, hooks, thread: new URL(import.meta.url) });
