/** A plugin of Vite's and Rollup's: `import probe from "./probe.bpf.o"` gives the module of that object, which is in the bundle. */
import { moduleSource } from "./importing/module-source.ts";
import { checkPluginOptions, type PluginOptions } from "./importing/plugin-options.ts";
import { importFailure, importPattern, readImport } from "./importing/read-import.ts";

export type { ObjectDoor } from "./importing/module-source.ts";
export type { PluginOptions } from "./importing/plugin-options.ts";

/** What Rollup hands to a hook, as far as this one asks. */
export interface RollupContext {
  /** Has the file watched. */
  addWatchFile(path: string): void;
  /** Shows a warning. */
  warn(message: string): void;
  /** Ends the build. */
  error(message: string): never;
}

/** A plugin as Rollup and Vite take it. */
export interface RollupPlugin {
  name: string;
  /** Called for every module. Vite says whether it is for a server (`ssr`), Rollup says nothing. */
  load(this: RollupContext, id: string, options?: { readonly ssr?: boolean | undefined }): Promise<string | undefined>;
}

/** For `plugins` of Vite or Rollup: imports of `.bpf.o`, and of `.bpf.c`, which clang compiles on the way. */
export function ebpf(options: PluginOptions = {}): RollupPlugin {
  checkPluginOptions(options);
  return {
    name: "ebpf-ts",
    async load(id, vite) {
      const path = id.replace(/\?.*$/s, "");
      if (!importPattern.test(path) || path.includes("\0")) return undefined;
      const from = options.from ?? (vite?.ssr === false ? "ebpf-ts/embedded" : "ebpf-ts");
      this.addWatchFile(path);
      const made = await readImport(path).catch((error: unknown) => this.error(importFailure(error)));
      for (const file of made.files) this.addWatchFile(file);
      if (made.warnings !== "") this.warn(made.warnings);
      return moduleSource({ name: made.name, digest: made.digest, object: made.bytes, from });
    },
  };
}
