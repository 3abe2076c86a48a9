/** A plugin of Vite's and Rollup's: `import probe from "./probe.bpf.o"` gives the module of that object, which is in the bundle. */
import { moduleSource } from "./importing/module-source.ts";
import { checkPluginOptions, type PluginOptions } from "./importing/plugin-options.ts";
import { PluginImports } from "./importing/plugin-imports.ts";
import { importedFile, importFailure } from "./importing/read-import.ts";

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

/** What Vite hands to a hook of its server, as far as this one asks. */
export interface ViteContext<Module> {
  readonly environment: {
    readonly moduleGraph: { getModulesByFile(file: string): Iterable<Module> | undefined };
  };
}

/** What has changed: the modules are those that Vite knows of by itself. */
export interface ViteUpdate<Module> {
  readonly file: string;
  readonly modules: readonly Module[];
}

/** A plugin as Rollup and Vite take it. */
export interface RollupPlugin {
  name: string;
  /** Called for every module. Vite says whether it is for a server (`ssr`), Rollup says nothing. */
  load(this: RollupContext, id: string, options?: { readonly ssr?: boolean | undefined }): Promise<string | undefined>;
  /** Called by Vite's server for every file that has changed: which modules are to be made again, of a header those that include it. */
  hotUpdate<Module>(this: ViteContext<Module>, update: ViteUpdate<Module>): Module[] | undefined;
}

/** For `plugins` of Vite or Rollup: imports of `.bpf.o`, and of `.bpf.c`, which clang compiles on the way. */
export function ebpf(options: PluginOptions = {}): RollupPlugin {
  checkPluginOptions(options);
  const imports = new PluginImports();
  return {
    name: "ebpf-ts",
    async load(id, vite) {
      const path = importedFile(id);
      if (path === undefined) return undefined;
      const from = options.from ?? (vite?.ssr === false ? "ebpf-ts/embedded" : "ebpf-ts");
      const reading = imports.read(path);
      await reading.catch(() => {});
      for (const file of imports.filesOf(path)) this.addWatchFile(file);
      const made = await reading.catch((error: unknown) => this.error(importFailure(error)));
      if (made.warnings !== "") this.warn(made.warnings);
      return moduleSource({ name: made.name, digest: made.digest, object: made.bytes, from });
    },
    hotUpdate({ file, modules }) {
      const { moduleGraph } = this.environment;
      const made = imports.madeFrom(file).flatMap((path) => [...(moduleGraph.getModulesByFile(path) ?? [])]);
      return made.length === 0 ? undefined : [...new Set([...modules, ...made])];
    },
  };
}
