/** A plugin of esbuild's: `import probe from "./probe.bpf.o"` gives the module of that object, which is in the bundle. */
import { folderOf } from "./host/named-files.ts";
import { moduleSource } from "./importing/module-source.ts";
import { checkPluginOptions, type PluginOptions } from "./importing/plugin-options.ts";
import { PluginImports } from "./importing/plugin-imports.ts";
import { importFailure, importPattern } from "./importing/read-import.ts";

export type { ObjectDoor } from "./importing/module-source.ts";
export type { PluginOptions } from "./importing/plugin-options.ts";

/** What esbuild hands to a plugin, as far as this one asks. */
export interface EsbuildBuild {
  readonly initialOptions: { readonly platform?: string | undefined };
  /** Registers what loads the files that the filter finds. */
  onLoad(options: { filter: RegExp }, load: (file: { path: string }) => Promise<EsbuildModule>): void;
}

/** What a plugin gives for a file: a module, or why there is none. */
export interface EsbuildModule {
  contents?: string;
  loader?: "js";
  resolveDir?: string;
  watchFiles?: string[];
  warnings?: { text: string }[];
  errors?: { text: string }[];
}

/** A plugin as esbuild takes it. */
export interface EsbuildPlugin {
  name: string;
  /** Called by esbuild. */
  setup(build: EsbuildBuild): void;
}

/** For `plugins` of esbuild: imports of `.bpf.o`, and of `.bpf.c`, which clang compiles on the way. */
export function ebpf(options: PluginOptions = {}): EsbuildPlugin {
  checkPluginOptions(options);
  return {
    name: "ebpf-ts",
    setup(build) {
      // As esbuild has it, a bundle is for browsers unless it is said to be for something else.
      const isBrowser = (build.initialOptions.platform ?? "browser") === "browser";
      const from = options.from ?? (isBrowser ? "ebpf-ts/embedded" : "ebpf-ts");
      const imports = new PluginImports();
      build.onLoad({ filter: importPattern }, ({ path }) => moduleOf(imports, path, from));
    },
  };
}

async function moduleOf(imports: PluginImports, path: string, from: string): Promise<EsbuildModule> {
  try {
    const { name, digest, bytes, warnings } = await imports.read(path);
    return {
      contents: moduleSource({ name, digest, object: bytes, from }),
      loader: "js",
      resolveDir: folderOf(path),
      watchFiles: [...imports.filesOf(path)],
      warnings: warnings === "" ? [] : [{ text: warnings }],
    };
  } catch (error) {
    return { errors: [{ text: importFailure(error) }], watchFiles: [...imports.filesOf(path)] };
  }
}
