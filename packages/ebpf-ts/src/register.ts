/**
 * `node --import ebpf-ts/register`: from then on `import probe from "./probe.bpf.o"` gives the module of that object (Node 20.6 or later),
 * and `"./probe.bpf.c"` that of what clang makes of it.
 */
import { giveModules, givesModules, type LoadedModule, registerHooks } from "./host/threads/module-hooks.ts";
import { moduleSource } from "./importing/module-source.ts";
import { importPattern, readImport } from "./importing/read-import.ts";
import { filePathOf } from "./host/named-files.ts";

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
  const file = new URL(url.replace(/[?#].*$/, ""));
  const { name, digest, bytes, files } = await readImport(filePathOf(file));
  // What was compiled on the way is in no file.
  const object = files[0] !== undefined && files.length === 1 && file.pathname.endsWith(".o") ? file : bytes;
  const from = new URL("./index.js", import.meta.url).href;
  return { format: "module", shortCircuit: true, source: moduleSource({ name, digest, object, from }) };
}

/** Threads that give modules import this very file as well, and are to register nothing. */
const hooks = new URL("./register.js?hooks", import.meta.url);
if (givesModules) giveModules(loadObject);
else if (import.meta.url !== hooks.href) registerHooks({ isWanted, hooks, thread: new URL(import.meta.url) });
