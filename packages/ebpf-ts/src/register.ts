/**
 * `node --import ebpf-ts/register`: from then on `import probe from "./probe.bpf.o"` gives the module of that object (Node 20.6 or later),
 * and `"./probe.bpf.c"` that of what clang makes of it.
 */
import { registerHooks } from "./host/threads/module-hooks.ts";
import { moduleSource } from "./importing/module-source.ts";
import { importPattern, readImport } from "./importing/read-import.ts";
import { filePathOf } from "./host/named-files.ts";

/** What Node's hook gives for a module. */
export interface LoadedModule {
  readonly format: string;
  readonly source?: string | undefined;
  readonly shortCircuit?: boolean | undefined;
}

/** The hook that Node calls, in its thread of hooks, for every module that is imported. */
export async function load<Context, Result>(
  url: string,
  context: Context,
  nextLoad: (url: string, context: Context) => Promise<Result>,
): Promise<Result | LoadedModule> {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:" || !importPattern.test(pathname)) return nextLoad(url, context);
  const file = new URL(url.replace(/[?#].*$/, ""));
  const { name, digest, bytes, files } = await readImport(filePathOf(file));
  // What was compiled on the way is in no file.
  const object = files[0] !== undefined && files.length === 1 && pathname.endsWith(".o") ? file : bytes;
  const from = new URL("./index.js", import.meta.url).href;
  return { format: "module", shortCircuit: true, source: moduleSource({ name, digest, object, from }) };
}

// The thread of hooks imports this very file, and is to register nothing.
if (!import.meta.url.endsWith("?hooks")) registerHooks(new URL("./register.js?hooks", import.meta.url).href);
