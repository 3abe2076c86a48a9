import { build } from "esbuild";
import { fileURLToPath } from "node:url";

/** One of the scripts beside this file, as a page would be given it. A module of Node's anywhere in it is an error. */
export async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}
